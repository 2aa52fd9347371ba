// The live line through cuts and restarts, on a clock of the test.
// Run by `npm test`.
// A lost line must be said, a short cut must not.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLine, type LineState } from '../src/live/line';

/** A source of events that the test opens, breaks and closes by hand. */
class FakeSource {
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 0;
  onopen: () => void = () => undefined;
  onerror: () => void = () => undefined;
  listeners = new Map<string, (message: { type: string; data: string }) => void>();
  constructor() {
    FakeSource.all.push(this);
  }
  addEventListener(name: string, listener: (message: { type: string; data: string }) => void): void {
    this.listeners.set(name, listener);
  }
  say(type: string, about: object): void {
    this.listeners.get(type)?.({ type, data: JSON.stringify(about) });
  }
  close(): void {
    this.readyState = FakeSource.CLOSED;
  }
}

describe('the live line', () => {
  let states: LineState[];
  let heard: string[];
  let answers: boolean;
  let close: () => void;
  const source = (): FakeSource => FakeSource.all.at(-1) as FakeSource;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('EventSource', FakeSource);
    FakeSource.all = [];
    [states, heard, answers] = [[], [], true];
    close = openLine({ event: (name) => heard.push(name), poll: () => Promise.resolve(answers), state: (state) => states.push(state) });
  });
  afterEach(() => {
    close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('is live once it is open, and hands on what it hears', () => {
    source().onopen();
    source().say('zone.changed', { zone: 'a', level: 'red' });
    expect(states).toEqual(['live']);
    expect(heard).toEqual(['zone.changed']);
  });
  it('says nothing of a short cut', async () => {
    source().onopen();
    source().onerror();
    await vi.advanceTimersByTimeAsync(2_000);
    source().onopen();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(states).toEqual(['live', 'live']);
  });
  it('asks every few seconds while events do not flow', async () => {
    source().onopen();
    source().onerror();
    await vi.advanceTimersByTimeAsync(4_100);
    expect(states.at(-1)).toBe('polling');
  });
  it('is lost when nobody answers, and comes back', async () => {
    answers = false;
    source().onopen();
    source().onerror();
    await vi.advanceTimersByTimeAsync(4_100);
    expect(states.at(-1)).toBe('lost');
    answers = true;
    await vi.advanceTimersByTimeAsync(5_100);
    expect(states.at(-1)).toBe('polling');
    source().onopen();
    expect(states.at(-1)).toBe('live');
  });
  it('is silent once it was closed, also about an answer that was on its way', async () => {
    source().onopen();
    source().onerror();
    await vi.advanceTimersByTimeAsync(3_999);
    vi.advanceTimersByTime(1);
    close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(states).toEqual(['live']);
  });
  it('opens a new source when the browser gave up, and then loads everything again', async () => {
    source().onopen();
    source().readyState = FakeSource.CLOSED;
    source().onerror();
    await vi.advanceTimersByTimeAsync(4_000 + 20_100);
    expect(FakeSource.all).toHaveLength(2);
    source().onopen();
    expect(heard).toEqual(['reset']);
  });
});
