/**
 * The tokens with which a text may go on: the tokens at the end of a text that is still being typed are
 * unstable, because more text can merge with them.
 *
 * Source: openai/tiktoken, src/lib.rs, `_encode_unstable_native`.
 *
 * @module
 */
import { compareBytes } from "./compare_bytes.ts";

/** A text's stable tokens, and all ways in which tokens may go on from there. */
export interface UnstableEncoding {
  /** Ids that stay the same whatever text follows; their bytes are a beginning of the text. */
  readonly stable: Uint32Array;
  /**
   * Sequences of ids that may follow `stable`; with these, the text and possibly more is encoded. No two are
   * equal, and they are in lexicographic order.
   */
  readonly completions: readonly Uint32Array[];
}

/** A tokenizer as the search for completions needs it. */
export interface CompletionRules {
  /** Ids of the ordinary tokens, in the lexicographic order of their bytes. */
  readonly sorted: Uint32Array;
  /** Bytes of a token. */
  readonly bytesOf: (id: number) => Uint8Array;
  /** Encodes plain text. */
  readonly encodeText: (text: string) => Uint32Array;
  /** Encodes bytes as one chunk. */
  readonly encodeBytes: (bytes: Uint8Array) => Uint32Array;
}

const mostBytes = 1 << 24; // limit of the bytes that are encoded, which then takes some seconds

/**
 * Returns the sequences of tokens with which a text may go on whose last bytes are `unstable`. As in
 * tiktoken, a token is tried at each place where it can straddle the end of the text. Throws RangeError if
 * `unstable` is so long that this would take more than some seconds.
 */
export function completionsOf(unstable: Uint8Array, rules: CompletionRules): Uint32Array[] {
  const { bytesOf } = rules, found = new Map<string | number, Uint32Array>();
  const add = (ids: Uint32Array): void => void found.set(ids.length === 1 ? ids[0] : ids.join(), ids);
  for (const id of startingWith(unstable, rules)) add(Uint32Array.of(id));
  for (const { cut, ids } of straddling(unstable, rules)) {
    const before = unstable.subarray(0, cut);
    for (const id of ids) {
      const token = bytesOf(id), whole = new Uint8Array(cut + token.length);
      whole.set(before);
      whole.set(token, cut);
      add(covering(encoded(whole, rules), { length: unstable.length, bytesOf }));
    }
  }
  const space = lastSpace(unstable);
  if (space > 0) {
    // More text may split white space that is one chunk so far.
    add(Uint32Array.from([
      ...rules.encodeBytes(unstable.subarray(0, space)),
      ...rules.encodeBytes(unstable.subarray(space)),
    ]));
  }
  return [...found.values()].sort(compareBytes);
}

/** Returns the tokens that begin inside the bytes and may reach beyond their end, by where they begin. */
function straddling(bytes: Uint8Array, rules: CompletionRules): { cut: number; ids: readonly number[] }[] {
  const longest = rules.sorted.reduce((most, id) => Math.max(most, rules.bytesOf(id).length), 0);
  const out: { cut: number; ids: readonly number[] }[] = [];
  let work = 0;
  for (let cut = Math.max(1, bytes.length - longest); cut < bytes.length; cut++) {
    const ids = [...startingWith(bytes.subarray(cut), rules)];
    out.push({ cut, ids });
    work += ids.length * bytes.length;
    if (work > mostBytes) {
      throw new RangeError(
        `Cannot find the completions of a text: its last ${bytes.length} bytes are one chunk, which is too long: ` +
          `end the text after a shorter word, or call encode()`,
      );
    }
  }
  return out;
}

/** Yields the tokens that begin with these bytes. */
function* startingWith(prefix: Uint8Array, { sorted, bytesOf }: CompletionRules): Iterable<number> {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(bytesOf(sorted[middle]), prefix) < 0) low = middle + 1;
    else high = middle;
  }
  for (; low < sorted.length && begins(bytesOf(sorted[low]), prefix); low++) yield sorted[low];
}

function begins(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, i) => byte === bytes[i]);
}

/** Encodes bytes as text, or as one chunk if they are not UTF-8. */
function encoded(bytes: Uint8Array<ArrayBuffer>, { encodeText, encodeBytes }: CompletionRules): Uint32Array {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return encodeBytes(bytes);
    throw error;
  }
  return encodeText(text);
}

/** Returns the first tokens that together have at least `length` bytes. */
function covering(
  ids: Uint32Array,
  { length, bytesOf }: { readonly length: number; readonly bytesOf: CompletionRules["bytesOf"] },
): Uint32Array {
  let bytes = 0, count = 0;
  while (count < ids.length && bytes < length) bytes += bytesOf(ids[count++]).length;
  return ids.slice(0, count);
}

/** Returns the offset of the last character if it is white space, otherwise 0. */
function lastSpace(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at > 0 && at >= bytes.length - 3; at--) {
    if ((bytes[at] & 0xC0) === 0x80) continue;
    const character = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.slice(at));
    return /^\p{White_Space}$/u.test(character) ? at : 0;
  }
  return 0;
}
