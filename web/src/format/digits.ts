// Digits and numbers as people write them.
// Used wherever a number is shown or typed.
// What is shown in Persian has Persian digits; what is sent to the service has ASCII digits.

export type Language = 'fa' | 'en';

const persianZero = 0x06f0;
const arabicZero = 0x0660;

/** ASCII digits become those of the language; anything else stays. */
export function digits(text: string | number, language: Language): string {
  const plain = String(text);
  if (language !== 'fa') return plain;
  return plain.replace(/[0-9]/g, (digit) => String.fromCharCode(persianZero + Number(digit)));
}

/** Persian and Arabic digits become ASCII; for parsing only, the words of a report stay as they were typed. */
export function asciiDigits(text: string): string {
  return text.replace(/[\u06f0-\u06f9\u0660-\u0669]/g, (digit) => {
    const code = digit.charCodeAt(0);
    return String(code >= persianZero ? code - persianZero : code - arabicZero);
  });
}

const locales: Record<Language, string> = { fa: 'fa-IR', en: 'en-GB' };

/** A number with grouping, with at most `decimals` decimals. */
export function number(value: number, language: Language, decimals = 0): string {
  return new Intl.NumberFormat(locales[language], { maximumFractionDigits: decimals }).format(value);
}

/** A measured value: always `decimals` decimals, so that columns align. */
export function measured(value: number, language: Language, decimals: number): string {
  return new Intl.NumberFormat(locales[language], { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value);
}

/** A share between 0 and 1 as per cent. */
export function percent(share: number, language: Language): string {
  return new Intl.NumberFormat(locales[language], { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

/** A number that was typed in any digits and with either decimal mark; `null` when it is none. */
export function typedNumber(text: string): number | null {
  const plain = asciiDigits(text).trim().replace('\u066b', '.').replace(',', '.');
  if (!/^-?\d+(\.\d+)?$/.test(plain)) return null;
  return Number(plain);
}
