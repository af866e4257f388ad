/**
 * Mutants for the fuzz tests: damaged copies of valid files, determined by a seed.
 *
 * @module
 */
import { philox } from "../../kernels/random/philox.ts";
import { joined } from "./bytes.ts";

/** Byte sequences with a special meaning to some parser. */
const tokens = [
  "\0",
  "\xff\xff\xff\xff",
  "\xff\xff\xff\x7f",
  "\x80\x80\x80\x80\x80",
  "\r\n\r\n",
  "\x1f\x8b\x08",
  "\x28\xb5\x2f\xfd",
  "WARC/1.0\r\n",
  "Content-Length: 99999999999\r\n",
  "PAR1",
  "<div>".repeat(300),
  "<p a=",
  "&#x110000;&#0;&#xd800;",
  "[".repeat(200),
  '{"text":',
  '\\ud800"',
  "-1",
  "1e999",
  "9007199254740993",
  "__proto__",
  "\xef\xbb\xbf",
  "\xc3(",
].map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0)));

/**
 * Returns mutant `number`: a copy of one of `files`, damaged in 1 to 8 places. Mutants with an odd number
 * keep the length of the file.
 */
export function mutant(
  files: readonly Uint8Array[],
  { seed, name, number }: { readonly seed: number; readonly name: string; readonly number: number },
): Uint8Array<ArrayBuffer> {
  let words: number[] = [], counter = number * 1024;
  const next = (below: number): number => {
    if (words.length === 0) words = philox(seed, name, counter++);
    return Math.floor((words.pop() ?? 0) / 0x100000000 * below);
  };
  let bytes = new Uint8Array(files[next(files.length)]);
  for (let times = 1 + next(next(2) === 0 ? 2 : 8); times > 0; times--) {
    bytes = changed(bytes, { next, kind: next(number % 2 === 0 ? 9 : 4), other: files[next(files.length)] });
  }
  return bytes;
}

function changed(
  bytes: Uint8Array<ArrayBuffer>,
  { next, kind, other }: {
    readonly next: (below: number) => number;
    readonly kind: number;
    readonly other: Uint8Array;
  },
): Uint8Array<ArrayBuffer> {
  const at = next(bytes.length + 1);
  const size = 1 + next(next(2) === 0 ? 8 : 512);
  const before = bytes.subarray(0, at), after = bytes.subarray(at);
  switch (kind) {
    case 0: // flips a bit
      return at < bytes.length ? bytes.with(at, bytes[at] ^ 1 << next(8)) : bytes;
    case 1: // replaces a byte
      return at < bytes.length ? bytes.with(at, next(256)) : bytes;
    case 2: // replaces a byte by a boundary value
      return at < bytes.length ? bytes.with(at, [0, 1, 127, 128, 255][next(5)]) : bytes;
    case 3: // overwrites bytes with zeros
      return joined([before, new Uint8Array(Math.min(size, after.length)), after.subarray(size)]);
    case 4: // removes bytes
      return joined([before, after.subarray(size)]);
    case 5: // repeats bytes
      return joined([before, after.subarray(0, size), after]);
    case 6: // truncates the file
      return bytes.slice(0, at);
    case 7: // inserts a token, possibly in place of other bytes
      return joined([before, tokens[next(tokens.length)], after.subarray(next(2) * size)]);
    default: { // inserts bytes of another file, possibly in place of other bytes
      const from = next(other.length + 1);
      return joined([before, other.subarray(from, from + size), after.subarray(next(2) * size)]);
    }
  }
}
