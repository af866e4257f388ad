/**
 * GPT-2's printable character for each byte, so that tokens can be written in text files: bytes that print stand for
 * themselves, the others for U+0100 onwards. Source: openai/gpt-2 encoder.py, bytes_to_unicode.
 *
 * @module
 */

const characters: readonly string[] = byteCharacters();
const bytes: ReadonlyMap<string, number> = new Map(characters.map((character, byte) => [character, byte]));

/** Each byte's place when bytes are sorted by their characters: Hugging Face's order of the first 256 ids. */
export const byteOrder: Uint8Array = orderOfBytes();

/** Bytes as printable characters. */
export function printable(token: Uint8Array): string {
  let text = "";
  for (const byte of token) text += characters[byte];
  return text;
}

/** The bytes of printable characters; null if a character stands for none. */
export function unprintable(text: string): Uint8Array | null {
  const out: number[] = [];
  for (const character of text) {
    const byte = bytes.get(character);
    if (byte === undefined) return null;
    out.push(byte);
  }
  return Uint8Array.from(out);
}

function byteCharacters(): string[] {
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const prints = byte >= 0x21 && byte <= 0x7E || byte >= 0xA1 && byte <= 0xAC || byte >= 0xAE;
    return String.fromCharCode(prints ? byte : 0x100 + others++);
  });
}

function orderOfBytes(): Uint8Array {
  const order = new Uint8Array(256);
  const sorted = characters.map((character, byte) => ({ character, byte }))
    .sort((a, b) => a.character.charCodeAt(0) - b.character.charCodeAt(0));
  sorted.forEach(({ byte }, place) => order[byte] = place);
  return order;
}
