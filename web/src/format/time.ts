// Times as people read them: Solar Hijri in Persian, Gregorian in English, always in the city's time zone.
// Used by every component that shows a time.
// Nothing here asks what time it is; `now` is always handed in.

import type { Language } from './digits';

const locales: Record<Language, string> = { fa: 'fa-IR-u-ca-persian', en: 'en-GB' };

let zone = 'Asia/Tehran';
const made = new Map<string, Intl.DateTimeFormat>();

/** The city's time zone, from its map. */
export function useTimeZone(name: string): void {
  if (name === zone) return;
  new Intl.DateTimeFormat('en', { timeZone: name }); // throws on a name that this browser does not know
  zone = name;
  made.clear();
}

function format(at: Date, language: Language, name: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${language} ${name}`;
  let formatter = made.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(locales[language], { timeZone: zone, ...options });
    made.set(key, formatter);
  }
  return formatter.format(at);
}

/** 14:05 */
export const clock = (at: Date, language: Language): string => format(at, language, 'clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** 14:05:09 */
export const clockWithSeconds = (at: Date, language: Language): string =>
  format(at, language, 'seconds', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** ۲ آذر · 23 Nov */
export const day = (at: Date, language: Language): string => format(at, language, 'day', { day: 'numeric', month: language === 'fa' ? 'long' : 'short' });

/** دوشنبه ۲ آذر ۱۴۰۵ · Monday, 23 November 2026 */
export function longDate(at: Date, language: Language): string {
  const [weekday, date] = [format(at, language, 'weekday', { weekday: 'long' }), format(at, language, 'date', { day: 'numeric', month: 'long', year: 'numeric' })];
  return language === 'fa' ? `${weekday} ${date.replace(/\s*ه‍?\.?\s?ش\.?\s*$/, '')}` : `${weekday}, ${date}`;
}

const dayKey = (at: Date): string => format(at, 'en', 'key', { year: 'numeric', month: '2-digit', day: '2-digit' });

const year = (at: Date, language: Language): string => format(at, language, 'year', { year: 'numeric' }).replace(/[^0-9\u06f0-\u06f9]/g, '');

/** The clock alone when it is today, the day and the clock within the year, and the day with its year otherwise. */
export function short(at: Date, now: Date, language: Language): string {
  if (dayKey(at) === dayKey(now)) return clock(at, language);
  if (year(at, language) !== year(now, language)) return `${day(at, language)} ${year(at, language)}`;
  return `${day(at, language)}${language === 'fa' ? '، ' : ', '}${clock(at, language)}`;
}

/** Day and clock, whatever day it is. */
export const full = (at: Date, language: Language): string => `${day(at, language)}${language === 'fa' ? '، ' : ', '}${clock(at, language)}`;

/** “۳ دقیقه پیش”, “in 2 hours”. */
export function relative(at: Date, now: Date, language: Language): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  const words = new Intl.RelativeTimeFormat(language === 'fa' ? 'fa-IR' : 'en-GB', { numeric: 'auto' });
  const size = Math.abs(seconds);
  if (size < 45) return words.format(0, 'second');
  if (size < 3570) return words.format(Math.round(seconds / 60), 'minute');
  if (size < 84_600) return words.format(Math.round(seconds / 3600), 'hour');
  return words.format(Math.round(seconds / 86_400), 'day');
}

/** How far the city's clock is ahead of UTC at a moment, in milliseconds. */
export function zoneOffsetMs(at: Date): number {
  const name = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '+', hours = '0', minutes = '0'] = /GMT([+-])(\d+):(\d+)/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
