/**
 * Reads the tokens of an answer as they are generated: text, thoughts, calls of tools, and code that ran.
 *
 * @module
 */
import type { NanochatIds } from "../chat/template/nanochat.ts";
import { isTag } from "../chat/template/tags.ts";
import { StopStrings } from "../sample/stop_strings.ts";
import type { GeneratedToken } from "../sample/token_text.ts";
import { StreamDecoder } from "../token/decode_stream.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import type { ToolRun } from "../tool/tool_calls.ts";
import { type ClientCall, clientCalls } from "./written_tools.ts";
import { type Segment, TaggedText } from "./tagged_text.ts";

/** A part of an answer. */
export type AnswerPart =
  | {
    /** `text` is for the user; `thought` precedes it; `code` ran, and printed `output`. */
    readonly type: "text" | "thought" | "code" | "output";
    readonly text: string;
    /** The tokens that completed the text. */
    readonly tokens: readonly GeneratedToken[];
    /** The call that the code stands for, if the model wrote it as JSON. */
    readonly run?: ToolRun;
  }
  | { readonly type: "call"; readonly call: ClientCall };

/** How an answer is read. */
export interface AnswerReaderOptions {
  readonly tokenizer: Tokenizer;
  /** Strings that end the answer; it does not include them. Default: none. */
  readonly stop?: readonly string[];
  /** Whether the answer is the text of a chat, with thoughts; otherwise it is plain text. */
  readonly isChat: boolean;
  /** Ids of the prompt that plain text continues. Default: none. */
  readonly after?: readonly number[];
  /** Names of the tools whose calls are looked for. Default: calls are text. */
  readonly tools?: ReadonlySet<string>;
  /** Largest number of calls; the answer ends after them. Default: unlimited. */
  readonly maxCalls?: number;
  /** Whether the prompt has begun a thought already. Default false. */
  readonly inThought?: boolean;
  /** nanochat's tokens around code, if the model has them. */
  readonly code?: Pick<NanochatIds, "python" | "output"> | null;
  /** Whether the prompt has begun code already. Default false. */
  readonly inCode?: boolean;
  /** Returns the call that code stands for. Default: code has run already, and is part of the answer. */
  callOf?(code: string): ClientCall;
}

const NONE: ReadonlySet<string> = new Set();

/** An answer while it arrives. */
export class AnswerReader {
  readonly #options: AnswerReaderOptions;
  readonly #decoder: StreamDecoder;
  readonly #stops: StopStrings;
  #text: TaggedText | null;
  #pending: GeneratedToken[] = [];
  /** The code or output that is open: its type and its ids. */
  #block: { readonly type: "code" | "output"; readonly ids: number[] } | null = null;
  #calls = 0;

  /** Throws RangeError for an empty stop string. */
  constructor(options: AnswerReaderOptions) {
    const { tokenizer, after = [], isChat, tools = NONE, inThought = false } = options;
    this.#options = options;
    this.#decoder = new StreamDecoder(tokenizer, { after });
    this.#stops = new StopStrings(options.stop ?? []);
    if (options.inCode) this.#block = { type: "code", ids: [] };
    this.#text = isChat ? new TaggedText({ calls: tools.size > 0, inThought }) : null;
  }

  get #looksForCalls(): boolean {
    return (this.#options.tools?.size ?? 0) > 0;
  }

  /** Number of calls so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Why the answer must end here: a stop string, or the largest number of calls; null: it goes on. */
  get ended(): "stop" | "calls" | null {
    if (this.#stops.stopped) return "stop";
    return this.#calls >= (this.#options.maxCalls ?? Infinity) ? "calls" : null;
  }

  /** Adds text that the prompt has already begun the answer with. */
  begin(text: string): readonly AnswerPart[] {
    return this.#show(text);
  }

  /** Adds a token. Returns the parts that it completes. */
  push(token: GeneratedToken): readonly AnswerPart[] {
    const { id } = token, { tokenizer, code } = this.#options;
    if (code) {
      const part = this.#codeToken(id, code);
      if (part !== null) return part;
    }
    this.#pending.push(token);
    if (tokenizer.isSpecialToken(id) && !isTag(tokenizer.decode([id]))) return [];
    return this.#show(this.#stops.push(this.#decoder.push(id)));
  }

  /** Begins another message of the answer. `inThought` says whether what precedes it has begun a thought. */
  beginMessage({ inThought }: { readonly inThought: boolean }): void {
    if (this.#text !== null) this.#text = new TaggedText({ calls: this.#looksForCalls, inThought });
  }

  /** Ends the answer, or a message of it. Returns what was held back. */
  endMessage(): readonly AnswerPart[] {
    const rest = this.#stops.stopped ? "" : this.#stops.push(this.#decoder.end()) + this.#stops.rest();
    const parts = [...this.#show(rest), ...this.#parts(this.#text?.end() ?? [])];
    this.beginMessage({ inThought: false });
    return parts;
  }

  /** Returns the parts that a token around or in code completes; null for all other tokens. */
  #codeToken(
    id: number,
    { python, output }: Pick<NanochatIds, "python" | "output">,
  ): readonly AnswerPart[] | null {
    const type = id === python[0] ? "code" : id === output[0] ? "output" : null;
    if (type !== null) {
      this.#block = { type, ids: [] };
      return [];
    }
    const block = this.#block;
    if (block === null) return null;
    if (id !== (block.type === "code" ? python : output)[1]) {
      block.ids.push(id);
      return [];
    }
    this.#block = null;
    const text = this.#options.tokenizer.decode(block.ids);
    if (block.type === "output" || this.#options.callOf === undefined) {
      return [{ type: block.type, text, tokens: [] }];
    }
    this.#calls++;
    return [{ type: "call", call: this.#options.callOf(text) }];
  }

  #show(text: string): readonly AnswerPart[] {
    if (text === "") return [];
    return this.#parts(this.#text === null ? [{ kind: "text", text }] : this.#text.push(text));
  }

  #parts(segments: readonly Segment[]): readonly AnswerPart[] {
    return segments.flatMap(({ kind, text, written = text }, i): readonly AnswerPart[] => {
      const tokens = i === segments.length - 1 ? this.#pending.splice(0) : [];
      if (kind !== "call") return [{ type: kind, text, tokens }];
      const left = (this.#options.maxCalls ?? Infinity) - this.#calls;
      const calls = clientCalls(text, this.#options.tools ?? NONE)?.slice(0, left);
      // What is no call is shown as the model wrote it.
      if (calls === undefined) return [{ type: "text", text: written, tokens }];
      this.#calls += calls.length;
      return calls.map((call) => ({ type: "call", call }));
    });
  }
}
