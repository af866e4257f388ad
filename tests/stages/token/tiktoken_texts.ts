/**
 * Texts that were encoded with the Python package tiktoken for tiktoken_golden.json.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import { randomText } from "./random_text.ts";

const SPECIAL =
  "<|endoftext|> <|endofprompt|> <|fim_prefix|> <|fim_middle|> <|start|> <|message|> <|reserved_200018|> <|none|>"
    .split(" ");

/** 400 texts, every other one with the text of a special token of one of the encodings. */
export function tiktokenTexts(): string[] {
  return Array.from({ length: 400 }, (_, trial) => {
    const plain = stableText(trial), cut = Math.floor(uniformAt(17, "at", trial) * plain.length);
    if (trial % 2 === 0) return plain;
    const name = SPECIAL[Math.floor(uniformAt(17, "special", trial) * SPECIAL.length)];
    return (plain.slice(0, cut) + name + plain.slice(cut)).toWellFormed();
  });
}

/** Beginnings of texts, as if they were still being typed. */
export function unfinishedTexts(count: number): string[] {
  const words = "It's hello fanta\n\n  the   world's 12345 naïve 你好 don't (x)\t\t\n \n  end ".repeat(8);
  return Array.from({ length: count }, (_, trial) => {
    const start = Math.floor(uniformAt(18, "start", trial) * 200);
    const length = 1 + Math.floor(uniformAt(18, "length", trial) * 14);
    const text = trial % 3 === 0 ? stableText(trial).slice(0, length) : words.slice(start, start + length);
    return text.toWellFormed();
  });
}

/** A random text of characters that all versions of Unicode treat alike. */
function stableText(trial: number): string {
  return randomText(7000 + trial).replace(
    /[\u0378-\u037A\u0530-\u1FFF\u2C00-\u2FFF\uA000-\uABFF]|[^\0-\uFFFF]/gu,
    "",
  );
}
