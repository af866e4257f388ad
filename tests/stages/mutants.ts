/**
 * Damaged copies of sound files, each a function of a seed: what the fuzz tests feed to readers.
 *
 * @module
 */
import { philox } from "../../kernels/random/philox.ts";
import { joined } from "./bytes.ts";

/** Words that parsers care for. */
const spices = [
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

/** A copy of one of `files`, damaged in 1 to 8 places; `number` decides. Every second one keeps its length. */
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
    case 0: // a bit
      return at < bytes.length ? bytes.with(at, bytes[at] ^ 1 << next(8)) : bytes;
    case 1: // a byte
      return at < bytes.length ? bytes.with(at, next(256)) : bytes;
    case 2: // an edge
      return at < bytes.length ? bytes.with(at, [0, 1, 127, 128, 255][next(5)]) : bytes;
    case 3: // zeros
      return joined([before, new Uint8Array(Math.min(size, after.length)), after.subarray(size)]);
    case 4: // bytes missing
      return joined([before, after.subarray(size)]);
    case 5: // twice
      return joined([before, after.subarray(0, size), after]);
    case 6: // cut short
      return bytes.slice(0, at);
    case 7: // a word
      return joined([before, spices[next(spices.length)], after.subarray(next(2) * size)]);
    default: { // from another file
      const from = next(other.length + 1);
      return joined([before, other.subarray(from, from + size), after.subarray(next(2) * size)]);
    }
  }
}
