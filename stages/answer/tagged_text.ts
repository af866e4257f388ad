/**
 * Splits the text of an answer, as it arrives, into what the user reads, thoughts, and calls of tools.
 *
 * @module
 */
import { overlap } from "../sample/stop_strings.ts";
import type { Tokenizer } from "../token/tokenizer.ts";

/** A part of an answer. Calls come whole; text and thoughts in pieces. */
export interface Segment {
  /** What the part is. */
  readonly kind: "text" | "thought" | "call";
  /** The text between the tags. */
  readonly text: string;
  /** A call with its tags, as the model wrote it. */
  readonly written?: string;
}

/** Tags that begin and end parts of an answer. */
export const THINK = ["<think>", "</think>"] as const, CALL = ["<tool_call>", "</tool_call>"] as const;

/** Most tokens that the tag of a thought and the blanks after it are written with. */
const TAG_TOKENS = 32;

/** Returns whether tokens before an answer, or before a message of it, end with the tag of a thought. */
export function beginsThought(tokenizer: Tokenizer, ids: Uint32Array | readonly number[]): boolean {
  return new RegExp(`${THINK[0]}\\s*$`).test(tokenizer.decode(ids.slice(-TAG_TOKENS)));
}

/** How an answer is split. */
export interface TaggedTextOptions {
  /** Whether calls are looked for. */
  readonly calls: boolean;
  /** Whether the prompt has begun a thought already. */
  readonly inThought?: boolean;
}

/**
 * An answer while it arrives. A thought is recognised only at its beginning. Text that may be the beginning
 * of a tag is held back.
 */
export class TaggedText {
  readonly #calls: boolean;
  #kind: Segment["kind"];
  #held = "";
  /** Whitespace before the first word of the text. */
  #leading = "";
  #hasText = false;
  /** Whether a thought or call came before: whitespace after it is not part of the text. */
  #hasOther = false;

  /** An answer without text. */
  constructor({ calls, inThought = false }: TaggedTextOptions) {
    this.#calls = calls;
    this.#kind = inThought ? "thought" : "text";
    this.#hasOther = inThought;
  }

  /** Adds a piece of the answer. Returns the parts that it completes. */
  push(piece: string): readonly Segment[] {
    const segments: Segment[] = [];
    this.#held += piece;
    while (true) {
      const tag = this.#tag(), at = tag === null ? -1 : this.#held.indexOf(tag);
      if (tag === null || at < 0) break;
      segments.push(...this.#take(this.#held.slice(0, at), { isWhole: true }));
      this.#held = this.#held.slice(at + tag.length);
      this.#kind = this.#kind !== "text" ? "text" : tag === THINK[0] ? "thought" : "call";
      this.#hasOther = true;
      this.#hasText = false;
      this.#leading = "";
    }
    if (this.#kind === "call") return segments;
    const tags = this.#kind === "thought" ? [THINK[1]] : this.#beginnings();
    const held = Math.max(0, ...tags.map((tag) => overlap(this.#held, tag)));
    const ready = this.#held.slice(0, this.#held.length - held);
    this.#held = this.#held.slice(ready.length);
    return [...segments, ...this.#take(ready, { isWhole: false })];
  }

  /**
   * Ends the answer. Returns what was held back; a call that has not ended is one too, for whoever can read
   * it.
   */
  end(): readonly Segment[] {
    const rest = this.#held, kind = this.#kind;
    this.#held = "";
    if (kind === "call") return [{ kind, text: rest, written: `${CALL[0]}${rest}` }];
    const segments = this.#take(rest, { isWhole: true });
    const isBlank = !this.#hasText && !this.#hasOther && this.#leading !== "";
    return isBlank ? [...segments, { kind: "text", text: this.#leading }] : segments;
  }

  /** The next tag, if the text has one. */
  #tag(): string | null {
    if (this.#kind === "thought") return THINK[1];
    if (this.#kind === "call") return CALL[1];
    const [first] = this.#beginnings().filter((tag) => this.#held.includes(tag));
    return first ?? null;
  }

  /** Tags that may begin a part here. */
  #beginnings(): readonly string[] {
    const isStart = !this.#hasText && !this.#hasOther && /^\s*(<|$)/.test(this.#held);
    return [...isStart ? [THINK[0]] : [], ...this.#calls ? [CALL[0]] : []];
  }

  #take(text: string, { isWhole }: { readonly isWhole: boolean }): readonly Segment[] {
    const kind = this.#kind;
    if (kind === "call") return isWhole ? [{ kind, text, written: `${CALL[0]}${text}${CALL[1]}` }] : [];
    if (kind === "thought" || this.#hasText) return text === "" ? [] : [{ kind, text }];
    const all = this.#leading + text, start = all.length - all.trimStart().length;
    this.#leading = all.slice(0, start);
    if (start === all.length) return [];
    this.#hasText = true;
    return [{ kind, text: this.#hasOther ? all.slice(start) : all }];
  }
}
