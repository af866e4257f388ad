/**
 * Text is code points, and code points are bytes.
 *
 * @module
 */
import { hex } from "../../parts/token/visible_token.ts";
import { heading, type Item, say, table } from "../item.ts";

const utf8 = new TextEncoder();

/** The first section. */
export function* bytesSection(text: string): Generator<Item> {
  yield heading("1. From text to bytes");
  yield say(
    "A model reads whole numbers. Text has numbers already: each character is a code point of Unicode. But there are more than 150,000 of them, and most are rare. UTF-8 writes a code point as one to four bytes, so that 256 numbers are enough for everything that can be written.",
  );
  yield table(
    ["character", "code point", "UTF-8", "as numbers"],
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
    `Why not UTF-16 or UTF-32? In English text every second byte of UTF-16 is zero, and three of four of UTF-32. This text has ${
      number(characters)
    } characters:`,
  );
  yield table(["encoding", "bytes", "bytes a character"], [
    ["UTF-8", bytes, (bytes / characters).toFixed(3)],
    ["UTF-16", text.length * 2, (text.length * 2 / characters).toFixed(3)],
    ["UTF-32", characters * 4, "4.000"],
  ]);
  yield say(
    "Bytes alone make long rows of numbers, and a model's window is short. So bytes that often stand together become one token: that is byte-pair encoding.",
  );
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
