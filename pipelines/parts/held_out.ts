/**
 * The text that is held out for validation, as the options ask for it.
 *
 * @module
 */
import type { Flow } from "../../stages/flow/flow.ts";
import type { Source } from "../../stages/flow/stage.ts";
import type { Document } from "../../stages/items.ts";
import { candidatesFirst } from "../../stages/shard/candidates.ts";
import type { HeldOutSize } from "../../stages/shard/held_out_text.ts";
import { holdOut, pendingLimit } from "../../stages/shard/hold_out.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { bytes } from "../../stages/report/quantity.ts";
import { spreadSource } from "../../stages/source/spread.ts";
import type { SourceOptions } from "../../stages/source/uri.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import type { validationOptions } from "./options/shard_options.ts";

/** How a pipeline holds out text: in its source, after its filters, and while it writes shards. */
export interface HoldingOut {
  /** Moves the documents that may be held out to the beginning of a source. */
  source(source: Source<Document>): Source<Document>;
  /** Marks the documents that are held out. */
  mark(flow: Flow<Document>): Flow<Document>;
  /** Tokens that `shard` holds out by itself, or undefined if the documents are marked. */
  readonly validationTokens: number | undefined;
}

/** Options of the text that is held out. */
export type HeldOutValues = Values<typeof validationOptions> & { readonly source: readonly string[] };

/**
 * How the options ask for text to be held out. Throws RangeError for --val-tokens with --val-share or
 * --val-bytes.
 */
export function holdingOut(
  { valShare, valBytes, valTokens, source }: HeldOutValues,
  { env, reading, share }: {
    readonly env: Pick<Env, "emit">;
    readonly reading: SourceOptions;
    /** The part of this process in a job of several: see `CandidatesOptions`. */
    readonly share?: "first" | "other" | undefined;
  },
): HoldingOut {
  if (valTokens !== null) {
    const other = valShare === null ? valBytes === null ? null : "--val-bytes" : "--val-share";
    if (other !== null) throw new RangeError(`Cannot use both --val-tokens and ${other}: give one of them`);
    return { source: (documents) => documents, mark: (flow) => flow, validationTokens: valTokens };
  }
  const size: HeldOutSize = { share: valShare ?? DEFAULT_SHARE, bytes: valBytes ?? DEFAULT_BYTES };
  const note = (from: string) => env.emit({ type: "note", text: `held-out text: chosen from ${from}` });
  const spread = async (characters: number): Promise<Source<Document> | null> => {
    const found = await spreadSource(source, { ...reading, characters });
    if (found === null) return null;
    if (found.places !== null) note(`${bytes(characters)} at ${found.places} places of the source`);
    return found.source;
  };
  return {
    source(documents) {
      if (!source.includes("-")) return candidatesFirst(documents, size, { spread, ...(share && { share }) });
      // It can be read only once, so its candidates cannot be found before it is read.
      note(`the first ${bytes(pendingLimit(size))} of standard input`);
      return documents;
    },
    mark: (flow) => share === "other" ? flow : flow.pipe(holdOut(size)),
    validationTokens: undefined,
  };
}

const DEFAULT_SHARE = 0.1;
const DEFAULT_BYTES = 4_000_000;

/**
 * Maximum length of a sample's default prompt in characters, and number of tokens that are decoded for it.
 */
const PROMPT_CHARACTERS = 24;
const PROMPT_TOKENS = 64;

/**
 * The first words of a validation text, at most three and at most 24 characters: a prompt that suits the
 * text's language and alphabet. "" if the text begins with no word.
 */
export function firstWords(tokens: Uint32Array, tokenizer: Tokenizer): string {
  const ids = [...tokens.subarray(0, PROMPT_TOKENS)].filter((id) => !tokenizer.isSpecialToken(id));
  const text = tokenizer.decode(ids).replace(/\uFFFD+$/, "").trimStart(); // the last character may be cut
  const words = /^\S+(?:[^\S\n]+\S+){0,2}/.exec(text)?.[0] ?? "";
  return [...words].slice(0, PROMPT_CHARACTERS).join("").trimEnd();
}
