/**
 * Section 1 of the lesson: code points and UTF-8 bytes.
 *
 * @module
 */
import { hex } from "../../../stages/token/view/visible_token.ts";
import { claim } from "../claim.ts";
import { heading, type Item, say, table } from "../item.ts";
import { utf8IsShortest } from "./tokenizer_claims.ts";

const utf8 = new TextEncoder();

/** Yields the items of the section; `text` is the lesson's text. */
export function* bytesSection(text: string): Generator<Item> {
  yield heading("1. From text to bytes");
  yield say(
    "A model reads numbers. A text already consists of numbers: each character is a code point of Unicode. But Unicode has more than 150,000 of them, and most are rare. UTF-8 writes each code point as one to four bytes, so that 256 numbers are enough for every text.",
  );
  yield table(
    ["character", "code point", "UTF-8", "bytes as numbers"],
    [..."aé你🙂"].map((character) => {
      const bytes = utf8.encode(character);
      return [
        character,
        `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}`,
        hex(bytes),
        bytes.join(" "),
      ];
    }),
  );
  const bytes = utf8.encode(text).length, characters = [...text].length;
  yield say(
    `Why not UTF-16 or UTF-32, which write characters as pairs or fours of bytes? The text of this lesson has ${
      number(characters)
    } characters:`,
  );
  yield table(["encoding", "bytes", "bytes per character"], [
    ["UTF-8", bytes, (bytes / characters).toFixed(3)],
    ["UTF-16", text.length * 2, (text.length * 2 / characters).toFixed(3)],
    ["UTF-32", characters * 4, "4.000"],
  ]);
  yield claim(utf8IsShortest, { utf8: bytes, utf16: 2 * text.length, zeros: zeroBytes(text) });
  yield say(
    "But bytes make long sequences, and the context of a model is short. Byte-pair encoding therefore turns bytes that often occur together into one token.",
  );
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

/** Returns the fraction of the bytes of a text in UTF-16 that are 0. */
function zeroBytes(text: string): number {
  let zeros = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    zeros += Number((unit & 0xff) === 0) + Number(unit < 0x100);
  }
  return zeros / (2 * text.length);
}
