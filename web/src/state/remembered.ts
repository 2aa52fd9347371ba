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

/** What was asked for in this tab, until it is closed. */
export function rememberedInTab(name: string): string | null {
  try {
    return sessionStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

export function rememberInTab(name: string, value: string): void {
  try {
    sessionStorage.setItem(prefix + name, value);
  } catch {
    // Storage is forbidden: the next page of this tab has the language of the browser again.
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // Storage is forbidden: the setting holds until the page is closed.
  }
}
