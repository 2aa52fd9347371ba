// Counts what a text costs as a text message, as the service and the telephone networks count.
// Used live while someone edits; the service's own count decides.
// GSM 03.38: 160 units alone or 153 per part; UCS-2: 70 or 67; one letter outside the GSM alphabet turns the whole text to UCS-2.

const gsmBasic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
const gsmExtended = new Set('\f^{}\\[~]|€');

export interface SmsCost {
  encoding: 'gsm7' | 'ucs2';
  /** Septets or UTF-16 units. */
  units: number;
  segments: number;
  /** Units left in the last part. */
  left: number;
}

const letters = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Sizes of the pieces that may not be cut apart: an escaped GSM letter is two units; a letter of several characters, or an emoji, stays whole. */
function pieces(text: string): { encoding: 'gsm7' | 'ucs2'; sizes: number[] } {
  const characters = [...text];
  if (characters.every((one) => gsmBasic.has(one) || gsmExtended.has(one))) {
    return { encoding: 'gsm7', sizes: characters.map((one) => (gsmExtended.has(one) ? 2 : 1)) };
  }
  const whole = [...letters.segment(text)].map(({ segment }) => segment);
  return { encoding: 'ucs2', sizes: whole.flatMap((letter) => (letter.length <= 67 ? letter.length : [...letter].map((one) => one.length))) };
}

/** What `text` costs; an empty text costs nothing. */
export function smsCost(text: string): SmsCost {
  const { encoding, sizes } = pieces(text);
  const [alone, part] = encoding === 'gsm7' ? [160, 153] : [70, 67];
  const units = sizes.reduce((sum, size) => sum + size, 0);
  if (units <= alone) return { encoding, units, segments: units === 0 ? 0 : 1, left: alone - units };
  let segments = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > part) {
      segments += 1;
      used = 0;
    }
    used += size;
  }
  return { encoding, units, segments, left: part - used };
}
