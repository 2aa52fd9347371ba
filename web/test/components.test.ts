// Small components in a browser’s document.
// Run by `npm test`.
// Everything that is drawn is said in words as well.
import { flushSync, mount, unmount, type Component } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';
import type { Point } from '../src/api/types';
import { Problem } from '../src/api/client';
import LevelBadge from '../src/parts/LevelBadge.svelte';
import Refusal from '../src/parts/Refusal.svelte';
import Sparkline from '../src/parts/Sparkline.svelte';
import { language } from '../src/state/language.svelte';

let mounted: Record<string, unknown> | undefined;

function show<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): HTMLElement {
  document.body.innerHTML = '';
  mounted = mount(component, { target: document.body, props });
  flushSync();
  return document.body;
}

afterEach(() => {
  if (mounted) void unmount(mounted);
  mounted = undefined;
  language.choose('fa');
});

describe('a level badge', () => {
  it('says its level in words and has a sign, in both languages', () => {
    expect(show(LevelBadge, { level: 'unknown' }).textContent).toContain('نامعلوم');
    expect(document.querySelectorAll('svg path')).toHaveLength(2);
    language.choose('en');
    expect(show(LevelBadge, { level: 'red' }).textContent).toContain('Red');
  });
  it('draws every level with a sign of its own', () => {
    const signs = (['unknown', 'green', 'yellow', 'orange', 'red'] as const).map((level) => show(LevelBadge, { level }).querySelector('.sign')?.getAttribute('d'));
    expect(new Set(signs).size).toBe(5);
  });
});

describe('a small plot', () => {
  it('says in a sentence what it draws, with Persian digits', () => {
    const now = Date.now();
    const body = show(Sparkline, { points: [[now - 7_200_000, 0.4, null], [now - 60_000, 1.25, null]] as Point[], thresholds: { yellow: 1, orange: 1.5, red: 2 }, unit: 'm' });
    const label = body.querySelector('svg')?.getAttribute('aria-label');
    expect(label).toContain('۱٫۲۵ متر');
    expect(label).toContain('۰٫۴۰');
    expect(body.querySelector('.last')?.classList.contains('yellow')).toBe(true);
  });
  it('says that there are no readings instead of drawing an empty box', () => {
    expect(show(Sparkline, { points: [] as Point[], thresholds: null, unit: 'm' }).textContent).toContain('قرائتی نبوده است');
  });
});

describe('a refusal', () => {
  it('is told in the reader’s language when its word is known', () => {
    expect(show(Refusal, { fault: new Problem('own-work', 'an author cannot approve', 403) }).textContent).toContain('کس دیگری باید آن را تأیید کند');
  });
  it('shows the service’s own sentence and every single fault otherwise', () => {
    const text = show(Refusal, { fault: new Problem('brand-new', 'something else', 422, ['wordings.fa.sms: too long']) }).textContent;
    expect(text).toContain('something else');
    expect(text).toContain('wordings.fa.sms: too long');
  });
  it('is silent when there is none', () => {
    expect(show(Refusal, { fault: null }).textContent?.trim()).toBe('');
  });
});
