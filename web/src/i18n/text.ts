// Fills a message with its values; the values' names are checked by the type checker.
// Used by `t` of the language state and by the tests of the dictionaries.
// `{name}` takes a value, `{n#zone|zones}` takes the first word when n is one in the language's sense, else the second.

import { digits, number, type Language } from '../format/digits';

type Name<Inside extends string> = Inside extends `${infer N}#${string}` ? N : Inside;
export type ValuesOf<Message extends string> = Message extends `${string}{${infer Inside}}${infer Rest}` ? Name<Inside> | ValuesOf<Rest> : never;

export type Value = string | number;

const hole = /\{(\w+)(?:#([^|}]*)\|([^}]*))?\}/g;
const rules: Record<Language, Intl.PluralRules> = { fa: new Intl.PluralRules('fa'), en: new Intl.PluralRules('en') };

/** The names of the values that a message asks for. */
export function valuesIn(message: string): string[] {
  return [...new Set([...message.matchAll(hole)].map((match) => match[1] ?? ''))].sort();
}

export function fill(message: string, values: Record<string, Value>, language: Language): string {
  const text = message.replace(hole, (_, name: string, one?: string, other?: string) => {
    const value = values[name];
    if (value === undefined) return '…';
    if (one !== undefined && other !== undefined) return rules[language].select(Number(value)) === 'one' ? one : other;
    return typeof value === 'number' ? number(value, language, 2) : value;
  });
  return digits(text, language);
}
