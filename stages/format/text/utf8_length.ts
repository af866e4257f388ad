/**
 * The length of a text in UTF-8, without encoding it.
 *
 * @module
 */

/** Returns the length of a text in UTF-8 bytes; a lone surrogate counts as U+FFFD, three bytes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    const pair = (unit & 0xFC00) === 0xD800 && (text.charCodeAt(i + 1) & 0xFC00) === 0xDC00;
    if (pair) i++; // together, the two units take four bytes
  }
  return bytes;
}
