/**
 * Mutants that no test can notice, because the mutated program does the same as the original, or differs only
 * in how long it takes.
 *
 * @module
 */
import type { Mutant } from "./sample.ts";

/** A mutant that does the same as the original, and the reason. */
export type Equivalent = Readonly<{ file: string; before: string; after: string; why: string }>;

/** The known equivalent mutants, in the order of their files. */
export const equivalents: readonly Equivalent[] = [
  {
    file: "stages/filter/minhash/document_store.ts",
    before: "this.#length = 0;",
    after: "this.#length = (-1);",
    why: "The next part is compressed one character later; readers take parts of any length.",
  },
  {
    file: "stages/filter/minhash/simplify.ts",
    before:
      "const marks = Array.from({ length: 65536 }, (_, unit) => String.fromCharCode(unit)).filter(isPunctuation);",
    after:
      "const marks = Array.from({ length: 65537 }, (_, unit) => String.fromCharCode(unit)).filter(isPunctuation);",
    why: "String.fromCharCode(65536) is U+0000 again, which is in the list already.",
  },
  {
    file: "stages/filter/pii/email_addresses.ts",
    before: 'const joined = first - 1 > from && text[first - 1] === "." && this.#isName(text, first - 2);',
    after: 'const joined = first - 1 >= from && text[first - 1] === "." && this.#isName(text, first - 2);',
    why: "Differs only if a dot follows an address at once; no name begins at a dot, so it is skipped.",
  },
  {
    file: "stages/filter/words/ngrams.ts",
    before: "if (unit >= 0xD800 && unit < 0xE000) hasPairs = true;",
    after: "if (unit >= 55297 && unit < 0xE000) hasPairs = true;",
    why: "A pair also has a low surrogate, and without a pair every unit is one code point.",
  },
  {
    file: "stages/filter/words/ngrams.ts",
    before: "this.#table = new Int32Array(1 << Math.ceil(Math.log2(2 * words.length + 2)));",
    after: "this.#table = new Int32Array(2 << Math.ceil(Math.log2(2 * words.length + 2)));",
    why: "A hash table of twice the size finds the same n-grams.",
  },
  {
    file: "stages/filter/words/python_text.ts",
    before: "while (end > start && isSpace(text.charCodeAt(end - 1))) end--;",
    after: "while (end >= start && isSpace(text.charCodeAt(end - 1))) end--;",
    why: "Differs only if all is white space: the result is then empty, as it is if end is less than start.",
  },
  {
    file: "stages/filter/words/python_text.ts",
    before:
      "if (unit < 0x80) return unit === 32 || (unit >= 9 && unit <= 13) || (unit >= 0x1c && unit <= 0x1f);",
    after:
      "if (unit < 127) return unit === 32 || (unit >= 9 && unit <= 13) || (unit >= 0x1c && unit <= 0x1f);",
    why: "U+007F is no white space by the pattern either, which is only slower.",
  },
  {
    file: "stages/filter/words/treebank.ts",
    before: "if (plain.test(chunk) && chunk.length < 4) {",
    after: "if (plain.test(chunk) && chunk.length < 3) {",
    why: "No rule splits three letters or digits: the shortcut only saves time.",
  },
  {
    file: "stages/flow/checkpoint/checkpoint_files.ts",
    before:
      "return { stream: `${JSON.stringify({ format: checkpointFormat, parts: stream }, null, 1)}\\n`, files };",
    after:
      "return { stream: `${JSON.stringify({ format: checkpointFormat, parts: stream }, null, 2)}\\n`, files };",
    why: "Only the indentation of JSON, which readers skip.",
  },
  {
    file: "stages/flow/parallel/progress_watchdog.ts",
    before: "#begun = -1;",
    after: "#begun = -2;",
    why: "Numbers of items are not negative, so the first look differs from both.",
  },
  {
    file: "stages/flow/run/segment_clock.ts",
    before: "#asked = 0; // number of calls of due()",
    after: "#asked = 1; // number of calls of due()",
    why: "Every 16th call still reads the clock, only the first time one call earlier.",
  },
  {
    file: "stages/flow/parallel/worker_pool.ts",
    before: "busy: i < stage ? 0 : this.#limit?.milliseconds ?? 0,",
    after: "busy: i < stage ? 1 : this.#limit?.milliseconds ?? 0,",
    why: "A measured time that is one millisecond longer for an item that took too long.",
  },
  {
    file: "stages/flow/parallel/worker_pool.ts",
    before: 'if (url.protocol === "file:") return url;',
    after: 'if (!(url.protocol === "file:")) return url;',
    why: "A `data:` module that imports the file starts the same worker; only a server's address needs one.",
  },
  {
    file: "stages/filter/pii/email_addresses.ts",
    before: "this.#name[code] = letter.test(character) || signs.includes(character) ? 1 : 0;",
    after: "this.#name[code] = letter.test(character) || signs.includes(character) ? 1 : (-1);",
    why: "Readers compare with 1.",
  },
  {
    file: "stages/disk/sampled_hash.ts",
    before: "if (bytes <= blocks * HASH_BLOCK) {",
    after: "if (bytes < blocks * HASH_BLOCK) {",
    why: "Blocks at equal distances in a file of just their size are the whole file.",
  },
  {
    file: "stages/shard/candidates.ts",
    before: "const sorted = [...this.#docs].sort(([a], [b]) => a < b ? -1 : 1);",
    after: "const sorted = [...this.#docs].sort(([a], [b]) => a < b ? -1 : 2);",
    why: "Sorting looks only at the sign.",
  },
  {
    file: "stages/flow/check_resume.ts",
    before: "open: (_ctx, saved = { seen: 0 }) => saved,",
    after: "open: (_ctx, saved = { seen: (-1) }) => saved,",
    why: "The law is tried one item later; it must hold at every item.",
  },
  {
    file: "stages/filter/minhash/minhash_seen.ts",
    before: "const { dir, memory = 256 * 2 ** 20 } = options;",
    after: "const { dir, memory = 256 * 3 ** 20 } = options;",
    why: "The index uses more memory before it writes to the disk, and finds the same documents.",
  },
];

/** The reason why a mutant is equivalent; null if it is not known to be. */
export function whyEquivalent({ file, before, after }: Mutant): string | null {
  return equivalents.find((known) => known.file === file && known.before === before && known.after === after)
    ?.why ?? null;
}
