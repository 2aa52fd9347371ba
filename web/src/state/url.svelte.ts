// What is open, as the address says it: page, view, selected thing, language.
// Every component reads it here and changes it here, so that a link shows what its sender saw.
// Opening something adds a step to the browser's history; settings replace the current one.

type Change = Record<string, string | null>;

class Url {
  #path = $state('/');
  #query = $state('');
  #parameters = $derived(new URLSearchParams(this.#query));

  constructor() {
    if (typeof location === 'undefined') return;
    this.#read();
    addEventListener('popstate', () => this.#read());
  }

  #read(): void {
    this.#path = location.pathname;
    this.#query = location.search;
  }

  get path(): string {
    return this.#path;
  }

  get(name: string): string | null {
    return this.#parameters.get(name);
  }

  #changed(change: Change): string {
    const next = new URLSearchParams(this.#query);
    for (const [name, value] of Object.entries(change)) {
      if (value === null || value === '') next.delete(name);
      else next.set(name, value);
    }
    const text = next.toString();
    return text ? `?${text}` : '';
  }

  /** Opens something: a step that “back” undoes. */
  go(change: Change): void {
    history.pushState(null, '', this.#path + this.#changed(change));
    this.#read();
  }

  /** Notes a setting without a step. */
  set(change: Change): void {
    history.replaceState(null, '', this.#path + this.#changed(change));
    this.#read();
  }

  /** A link to the same page with a change. */
  href(change: Change): string {
    return this.#path + this.#changed(change);
  }
}

export const url = new Url();
