// The line to the service: server-sent events while they flow, asking every few seconds when they don't.
// Opened once by the city's state; closed when the page is left or somebody signs out.
// The state tells the truth: `lost` is said as soon as neither events nor answers come, with the moment of the last sign of life.

import { eventNames } from './reduce';

export type LineState = 'opening' | 'live' | 'polling' | 'lost';

export interface Hearing {
  event: (name: string, about: Record<string, unknown>) => void;
  /** Ask for everything; resolves true when the service answered. */
  poll: () => Promise<boolean>;
  state: (state: LineState, lastSignAt: Date) => void;
}

const pollEveryMs = 5_000;
const graceMs = 4_000;
const reopenMs = 20_000;

/** Opens the line and returns what closes it. */
export function openLine(hearing: Hearing): () => void {
  let source: EventSource | null = null;
  let poller: ReturnType<typeof setInterval> | undefined;
  let reopener: ReturnType<typeof setTimeout> | undefined;
  let grace: ReturnType<typeof setTimeout> | undefined;
  let lastSign = new Date();
  let up = false;
  let everUp = false;
  let asking = false;
  let closed = false;

  const become = (next: LineState): void => {
    // An answer that was still on its way says nothing about the line that was opened since.
    if (!closed) hearing.state(next, lastSign);
  };
  const alive = (): void => {
    lastSign = new Date();
  };

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    const answered = await hearing.poll();
    asking = false;
    if (answered) alive();
    // Events may have begun to flow while the answer was on its way.
    if (!up) become(answered ? 'polling' : 'lost');
  }
  function startAsking(): void {
    if (poller) return;
    void ask();
    poller = setInterval(() => void ask(), pollEveryMs);
  }
  function stopAsking(): void {
    clearInterval(poller);
    poller = undefined;
  }

  function open(): void {
    source?.close();
    if (typeof EventSource === 'undefined') return startAsking();
    const own = new EventSource('/api/v1/live');
    source = own;
    let opened = false;
    own.onopen = () => {
      clearTimeout(grace);
      grace = undefined;
      alive();
      stopAsking();
      become('live');
      up = true;
      // The browser resumes by the last event's id only on the same source; a new one may have missed something.
      if (everUp && !opened) hearing.event('reset', {});
      everUp = opened = true;
    };
    own.onerror = () => {
      if (own !== source) return;
      // The browser tries again by itself unless it gave up; a short cut is not worth a banner.
      grace ??= setTimeout(() => {
        grace = undefined;
        up = false;
        startAsking();
        if (own.readyState === EventSource.CLOSED) reopener = setTimeout(open, reopenMs);
      }, graceMs);
    };
    const heard = (message: MessageEvent<string>): void => {
      alive();
      let about: Record<string, unknown> = {};
      try {
        about = JSON.parse(message.data) as Record<string, unknown>;
      } catch {
        // An event without details still says that something changed.
      }
      hearing.event(message.type, about);
    };
    for (const name of eventNames) own.addEventListener(name, heard as EventListener);
  }

  open();
  return () => {
    closed = true;
    source?.close();
    source = null;
    clearTimeout(grace);
    clearTimeout(reopener);
    stopAsking();
  };
}
