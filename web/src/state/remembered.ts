// Small settings of this browser: language, theme.
// Used by the states of language and theme.
// A browser that forbids storage only forgets; nothing fails.

const prefix = 'hamyar.';

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // Storage is forbidden: the setting holds until the page is closed.
  }
}
