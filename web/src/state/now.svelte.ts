// The present moment, for “3 minutes ago” and the clock in the header.
// Read by formats and components; started once by `main.ts`.
// The only file that reads the clock for display.

class Now {
  date = $state(new Date());

  start(): () => void {
    const ticking = setInterval(() => (this.date = new Date()), 1_000);
    return () => clearInterval(ticking);
  }
}

export const now = new Now();
