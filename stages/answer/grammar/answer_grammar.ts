/**
 * The grammar of an answer that may contain calls of tools: text and thoughts are free, and what follows the
 * tag of a call is a call. It reads an answer as `TaggedText` does.
 *
 * @module
 */
import { CALL, THINK } from "../tagged_text.ts";
import { bytes as byteSet, choice, type Grammar, reference, sequence } from "./grammar.ts";

/** Where an answer begins: at its first word, within a thought, or with a call whose tag is written. */
export type AnswerStart = "text" | "thought" | "call";

/** Number of bytes of a tag that a text ends with. A text that is no beginning of the tag: null. */
type Matched = number | null;

const tags = [CALL[0], ...THINK].map((tag) => new TextEncoder().encode(tag));
const [callTag, thinkTag, thinkEndTag] = tags;

/**
 * Returns the grammar. `call` is what stands between the tags of a call, and `first` what completes a call
 * whose beginning is written.
 */
export function answerGrammar(
  call: Grammar,
  { start, first = call }: { readonly start: AnswerStart; readonly first?: Grammar },
): Grammar {
  const texts = new Map<string, Grammar>(), thoughts = new Map<number, Grammar>();
  const afterThought = reference(() => text(null, 0));
  /** Text, of which `tag` bytes may begin a call, and `think` bytes a thought: at its beginning alone. */
  function text(think: Matched, tag: number): Grammar {
    const key = `${think} ${tag}`;
    const made = texts.get(key) ?? freeText((byte) => {
      const nextThink = think === null ? null : begins(think, byte), nextTag = matched(callTag, tag, byte);
      if (nextThink === thinkTag.length) return thought(0);
      return nextTag < callTag.length ? text(nextThink, nextTag) : callThenText;
    });
    texts.set(key, made);
    return made;
  }
  function thought(tag: number): Grammar {
    const made = thoughts.get(tag) ?? freeText((byte) => {
      const next = matched(thinkEndTag, tag, byte);
      return next === thinkEndTag.length ? afterThought : thought(next);
    });
    thoughts.set(tag, made);
    return made;
  }
  const callThenText = sequence(call, CALL[1], afterThought);
  if (start === "call") return sequence(first, CALL[1], afterThought);
  return start === "thought" ? thought(0) : text(0, 0);
}

/** Returns the grammar of a text that may end anywhere; `next` is what follows each byte. */
function freeText(next: (byte: number) => Grammar): Grammar {
  return reference(() => {
    const byTarget = new Map<Grammar, number[]>();
    for (let byte = 0; byte < 256; byte++) {
      const to = next(byte);
      byTarget.set(to, [...byTarget.get(to) ?? [], byte]);
    }
    const ways = [...byTarget].map(([to, bytes]) =>
      sequence(byteSet(...bytes.map((byte) => [byte, byte] as const)), to)
    );
    return choice("", ...ways);
  });
}

/** Returns the number of bytes of a tag that a text ends with after a byte (Knuth, Morris and Pratt). */
function matched(tag: Uint8Array, count: number, byte: number): number {
  const seen = [...tag.subarray(0, count), byte];
  for (let length = Math.min(seen.length, tag.length); length > 0; length--) {
    const end = seen.slice(seen.length - length);
    if (end.every((each, i) => each === tag[i])) return length;
  }
  return 0;
}

/** Returns the number of bytes of the tag of a thought that an answer has begun with, blanks left out. */
function begins(count: number, byte: number): Matched {
  if (byte === thinkTag[count]) return count + 1;
  return count === 0 && (byte === 0x20 || byte >= 0x09 && byte <= 0x0d) ? 0 : null;
}
