// Digits, numbers and times as people read them.
// Run by `npm test`.
// Judged by hand-checked examples, not by the same library.
import { describe, expect, it } from 'vitest';
import { asciiDigits, digits, measured, number, percent, typedNumber } from '../src/format/digits';
import { clock, full, longDate, relative, short, zoneOffsetMs } from '../src/format/time';

describe('digits', () => {
  it('are Persian in Persian and stay in English', () => {
    expect(digits('0918 2026', 'fa')).toBe('۰۹۱۸ ۲۰۲۶');
    expect(digits('0918', 'en')).toBe('0918');
  });
  it('come back as ASCII from Persian and Arabic keyboards', () => {
    expect(asciiDigits('۰۹۱۸۱۲۳۴۵۶۷')).toBe('09181234567');
    expect(asciiDigits('٠٩١٨')).toBe('0918');
    expect(asciiDigits('پل ۳')).toBe('پل 3');
  });
  it('group thousands and mark decimals as each language does', () => {
    expect(number(1_234_567.89, 'fa', 2)).toBe('۱٬۲۳۴٬۵۶۷٫۸۹');
    expect(number(1_234_567.89, 'en', 2)).toBe('1,234,567.89');
    expect(measured(1.5, 'fa', 2)).toBe('۱٫۵۰');
    expect(percent(0.42, 'en')).toBe('42%');
  });
  it('are read with either decimal mark, and nothing else passes for a number', () => {
    expect(typedNumber('۱٫۵')).toBe(1.5);
    expect(typedNumber(' 40 ')).toBe(40);
    expect(typedNumber('چهل')).toBeNull();
    expect(typedNumber('')).toBeNull();
    expect(typedNumber('1e3')).toBeNull();
  });
});

describe('times', () => {
  // 23 November 2026, 21:00 UTC is half past midnight of the next day in Tehran: 3 Azar 1405.
  const at = new Date('2026-11-23T21:00:00Z');
  it('are the city’s, in Solar Hijri for Persian and Gregorian for English', () => {
    expect(clock(at, 'fa')).toBe('۰۰:۳۰');
    expect(clock(at, 'en')).toBe('00:30');
    expect(longDate(at, 'fa')).toBe('سه‌شنبه ۳ آذر ۱۴۰۵');
    expect(longDate(at, 'en')).toBe('Tuesday, 24 November 2026');
  });
  it('know the last day of a leap year of the Solar Hijri calendar', () => {
    expect(longDate(new Date('2025-03-20T12:00:00Z'), 'fa')).toContain('۳۰ اسفند ۱۴۰۳');
  });
  it('name the day only when it is not today', () => {
    const now = new Date('2026-11-23T21:10:00Z');
    expect(short(at, now, 'en')).toBe('00:30');
    // Half an hour earlier it was still yesterday in Tehran.
    expect(short(new Date('2026-11-23T20:15:00Z'), now, 'fa')).toBe('۲ آذر، ۲۳:۴۵');
    // A consent that ends in a year must not read as if it ended today.
    expect(short(new Date('2027-11-25T16:56:00Z'), now, 'fa')).toBe('۴ آذر ۱۴۰۶');
    expect(short(new Date('2027-11-25T16:56:00Z'), now, 'en')).toBe('25 Nov 2027');
    expect(full(at, 'en')).toBe('24 Nov, 00:30');
  });
  it('say how long ago', () => {
    const now = new Date('2026-11-23T21:05:00Z');
    expect(relative(at, now, 'fa')).toBe('۵ دقیقه پیش');
    expect(relative(at, now, 'en')).toBe('5 minutes ago');
    expect(relative(new Date('2026-11-23T21:04:50Z'), now, 'en')).toBe('now');
    expect(relative(new Date('2026-11-24T00:05:00Z'), now, 'en')).toBe('in 3 hours');
  });
  it('are three and a half hours ahead of UTC all year round', () => {
    expect(zoneOffsetMs(at)).toBe(3.5 * 3_600_000);
    expect(zoneOffsetMs(new Date('2026-07-01T00:00:00Z'))).toBe(3.5 * 3_600_000);
  });
});
