// What a text message costs.
// Run by `npm test`.
// Compared with the limits of the standards.
import { describe, expect, it } from 'vitest';
import { smsCost } from '../src/format/sms';

// The limits of GSM 03.38 and 3GPP TS 23.040, checked against a second implementation (facts of the project: 71 Persian letters are
// two parts, 134 are two, 135 are three).
describe('a text message', () => {
  it.each([
    ['', 0],
    ['a'.repeat(160), 1],
    ['a'.repeat(161), 2],
    ['a'.repeat(306), 2],
    ['a'.repeat(307), 3],
    ['س'.repeat(70), 1],
    ['س'.repeat(71), 2],
    ['س'.repeat(134), 2],
    ['س'.repeat(135), 3],
    ['€'.repeat(80), 1],
    ['€'.repeat(81), 2],
    ['😀'.repeat(35), 1],
    ['😀'.repeat(36), 2],
  ])('%j costs %i parts', (text, segments) => {
    expect(smsCost(text).segments).toBe(segments);
  });
  it('turns to UCS-2 with one letter outside the alphabet', () => {
    expect(smsCost('water level 2 m')).toMatchObject({ encoding: 'gsm7', units: 15 });
    expect(smsCost('water level 2 m ۲')).toMatchObject({ encoding: 'ucs2' });
    expect(smsCost('`')).toMatchObject({ encoding: 'ucs2' });
  });
  it('never cuts a pair apart: an emoji that would straddle two parts moves on whole', () => {
    // 66 letters, then an emoji of two units, then 66 letters: the emoji does not fit into the 67th unit of part one.
    expect(smsCost(`${'س'.repeat(66)}😀${'س'.repeat(66)}`)).toMatchObject({ units: 134, segments: 3 });
    // An escaped letter likewise at the end of a part of 153 septets.
    expect(smsCost(`${'a'.repeat(152)}€${'a'.repeat(152)}`)).toMatchObject({ units: 306, segments: 3 });
  });
  it('says how much room is left', () => {
    expect(smsCost('س'.repeat(60)).left).toBe(10);
    expect(smsCost('س'.repeat(71)).left).toBe(63);
  });
});
