/**
 * Recognizes binary data that was decoded as text.
 *
 * @module
 */

const SAMPLE = 1 << 16; // characters
const MAX_SHARE = 0.05; // text has hardly any control characters; random bytes have a tenth

/** Returns whether a text is binary data: more than a twentieth are control or replacement characters. */
export function isBinaryText(text: string): boolean {
  const sample = text.slice(0, SAMPLE);
  let strange = 0;
  for (let i = 0; i < sample.length; i++) {
    const code = sample.charCodeAt(i);
    if (code < 32 ? code < 9 || code > 13 : code === 0xfffd || code >= 0x7f && code < 0xa0) strange++;
  }
  return strange > MAX_SHARE * sample.length;
}
