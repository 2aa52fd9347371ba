// What the pages hold of the city while the service answers, fails and comes back.
// Run by `npm test`; the service is played by a list of answers, the clock by the test.
// An empty list says that there is nothing only after the service has said so.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { city } from '../src/state/city.svelte';

describe('the lists of the city', () => {
  let status: Record<string, number>;
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    // Without a live line the lists are asked for every five seconds.
    vi.stubGlobal('EventSource', undefined);
    status = {};
    vi.stubGlobal('fetch', async (where: string) => {
      const answer = status[where.replace('/api/v1', '')] ?? 200;
      if (answer === 0) throw new TypeError('nobody answers');
      return new Response(JSON.stringify(answer === 200 ? { items: [], next: null } : { type: '/problems/fault', title: 'fault', status: answer }), { status: answer });
    });
  });
  afterEach(() => {
    stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('are loaded once every one of them was answered', async () => {
    stop = city.start(false);
    expect(city.loaded).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(city.loaded).toBe(true);
  });
  it.each([0, 500])('are not loaded while the alerts are answered with %i, and are as soon as they come', async (fault) => {
    status['/alerts/public'] = fault;
    stop = city.start(false);
    await vi.advanceTimersByTimeAsync(5_100);
    expect(city.loaded).toBe(false);
    status = {};
    await vi.advanceTimersByTimeAsync(5_100);
    expect(city.loaded).toBe(true);
  });
  it('count the returns of a service that was away, so that other lists are asked for again', async () => {
    stop = city.start(false);
    await vi.advanceTimersByTimeAsync(100);
    const before = city.returns;
    status['/alerts/public'] = status['/zones'] = 0;
    await vi.advanceTimersByTimeAsync(5_100);
    expect(city.line).toBe('lost');
    expect(city.returns).toBe(before);
    status = {};
    await vi.advanceTimersByTimeAsync(5_100);
    expect([city.line, city.returns]).toEqual(['polling', before + 1]);
  });
});
