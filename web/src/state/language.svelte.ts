// The language of the page: Persian (right to left, first) or English.
// Read by every component through `t`, `pick` and the formats here; switched in the header.
// It stands in the URL (`lang`), holds for the tab that was opened with it, and is remembered when it was chosen; `lang` is set on <html>, `dir` on <body>.

import type { Texts } from '../api/types';
import { digits, measured, number, percent, type Language } from '../format/digits';
import * as time from '../format/time';
import { en } from '../i18n/en';
import { fa } from '../i18n/fa';
import { fill, type Value, type ValuesOf } from '../i18n/text';
import { now } from './now.svelte';
import { remembered, rememberedInTab, rememberInTab, remember } from './remembered';
import { url } from './url.svelte';

export type Key = keyof typeof fa;
/** A key whose message takes no values. */
export type PlainKey = { [K in Key]: [ValuesOf<(typeof fa)[K]>] extends [never] ? K : never }[Key];
type Arguments<K extends Key> = [ValuesOf<(typeof fa)[K]>] extends [never] ? [] : [values: Record<ValuesOf<(typeof fa)[K]>, Value>];

const dictionaries: Record<Language, Record<Key, string>> = { fa, en };

const isLanguage = (word: string | null): word is Language => word === 'fa' || word === 'en';

class LanguageState {
  readonly code: Language = $derived.by(() => {
    const asked = url.get('lang');
    if (isLanguage(asked)) return asked;
    if (isLanguage(this.#tab)) return this.#tab;
    return isLanguage(this.#kept) ? this.#kept : 'fa';
  });
  #kept = $state(remembered('lang'));
  #tab = $state(rememberedInTab('lang'));
  readonly direction = $derived(this.code === 'fa' ? 'rtl' : 'ltr');

  constructor() {
    // Whoever came by an English link goes on in English, without changing what this browser is set to.
    const asked = url.get('lang');
    if (!isLanguage(asked)) return;
    this.#tab = asked;
    rememberInTab('lang', asked);
  }

  choose(code: Language): void {
    this.#kept = this.#tab = code;
    rememberInTab('lang', code);
    remember('lang', code);
    url.set({ lang: code });
  }
}

export const language = new LanguageState();

export function t<K extends Key>(key: K, ...values: Arguments<K>): string {
  return fill(dictionaries[language.code][key], (values[0] ?? {}) as Record<string, Value>, language.code);
}

/** A message whose key is made of a word of the service; the word itself when the dictionary lacks it. */
export function word(group: 'hazard' | 'channel' | 'status' | 'mark' | 'flag' | 'state' | 'kind' | 'answer' | 'place' | 'rejected' | 'quantity' | 'action' | 'role' | 'code' | 'unit' | 'severity' | 'urgency' | 'certainty', name: string | null | undefined): string {
  if (!name) return '';
  const key = `${group}.${name}`;
  return key in dictionaries.fa ? fill(dictionaries[language.code][key as Key], {}, language.code) : name.replaceAll('_', ' ');
}

/** The text in the page's language, else in any. */
export function pick(texts: Texts | null | undefined): string {
  if (!texts) return '';
  return texts[language.code] ?? texts['fa'] ?? texts['en'] ?? Object.values(texts)[0] ?? '';
}

/** Numbers and times in the page's language. */
export const say = {
  digits: (text: string | number): string => digits(text, language.code),
  number: (value: number, decimals = 0): string => number(value, language.code, decimals),
  measured: (value: number, decimals: number): string => measured(value, language.code, decimals),
  list: (words: string[]): string => new Intl.ListFormat(language.code, { type: 'conjunction' }).format(words),
  /** A masked contact: a telephone number in the language's digits; a mailbox or a topic as it is. */
  contact: (masked: string | null | undefined): string => (/[A-Za-z]/.test(masked ?? '') ? (masked ?? '') : digits(masked ?? '', language.code)),
  percent: (share: number): string => percent(share, language.code),
  clock: (at: string | Date): string => time.clock(new Date(at), language.code),
  seconds: (at: string | Date): string => time.clockWithSeconds(new Date(at), language.code),
  short: (at: string | Date): string => time.short(new Date(at), now.date, language.code),
  full: (at: string | Date): string => time.full(new Date(at), language.code),
  longDate: (at: string | Date): string => time.longDate(new Date(at), language.code),
  ago: (at: string | Date): string => time.relative(new Date(at), now.date, language.code),
};
