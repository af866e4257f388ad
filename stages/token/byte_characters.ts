/**
 * GPT-2's mapping of each byte to a printable character, so that tokens can be written in text files:
 * printable Latin-1 characters stand for their own byte, the other bytes become U+0100 onwards. Source:
 * openai/gpt-2 encoder.py, bytes_to_unicode.
 *
 * @module
 */

const characters: readonly string[] = byteCharacters();
const bytes: ReadonlyMap<string, number> = new Map(characters.map((character, byte) => [character, byte]));

/**
 * Position of each byte when bytes are sorted by their characters: Hugging Face's order of the first 256 ids.
 */
export const byteOrder: Uint8Array = orderOfBytes();

/** Returns a token's bytes as printable characters, such as "Ġthe" for " the". */
export function bytesToCharacters(token: Uint8Array): string {
  let text = "";
  for (const byte of token) text += characters[byte];
  return text;
}

/** Returns the bytes that printable characters stand for, or null if a character stands for no byte. */
export function charactersToBytes(text: string): Uint8Array | null {
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
