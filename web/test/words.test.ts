// The dictionaries and how messages take their values.
// Run by `npm test`.
// Both languages are complete and say the same.
import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { fa } from '../src/i18n/fa';
import { fill, valuesIn } from '../src/i18n/text';

const sources = Object.values(import.meta.glob<string>(['../src/**/*.svelte', '../src/**/*.ts', '!../src/i18n/*'], { query: '?raw', import: 'default', eager: true })).join('\n');
/** Groups whose keys are made of words of the service or of our own states. */
const made = /^(hazard|channel|status|mark|flag|state|kind|answer|rejected|quantity|action|role|code|unit|level|line|stage|sensor|wording|desk|incident|report|reports|helper|occasion|impact|comes|sure|severity|urgency|certainty)\./;

describe('the dictionaries', () => {
  it('hold the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(fa).sort());
  });
  it.each(Object.keys(fa) as (keyof typeof fa)[])('%s asks for the same values in both languages and says something', (key) => {
    expect(valuesIn(en[key])).toEqual(valuesIn(fa[key]));
    expect(fa[key].trim()).not.toBe('');
    expect(en[key].trim()).not.toBe('');
  });
  it('have no key that nobody reads', () => {
    expect(Object.keys(fa).filter((key) => !made.test(key) && !sources.includes(`'${key}'`))).toEqual([]);
  });
  it('hold Persian letters only, no look-alikes from an Arabic keyboard', () => {
    expect(Object.entries(fa).filter(([, text]) => /[يكة٠-٩]/.test(text))).toEqual([]);
  });
});

describe('a message', () => {
  it('takes its values with the digits of the language', () => {
    expect(fill('{n} ناحیه', { n: 1200 }, 'fa')).toBe('۱٬۲۰۰ ناحیه');
    expect(fill('number {n}', { n: '007' }, 'fa')).toBe('number ۰۰۷');
  });
  it('takes the right word for one and for many', () => {
    expect(fill('{n} {n#zone|zones}', { n: 1 }, 'en')).toBe('1 zone');
    expect(fill('{n} {n#zone|zones}', { n: 0 }, 'en')).toBe('0 zones');
  });
  it('shows a gap rather than nothing when a value is missing', () => {
    expect(fill('{n} نفر', {}, 'fa')).toBe('… نفر');
  });
});
