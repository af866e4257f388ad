/**
 * The text on which the pipeline `eval` measures a model's loss.
 *
 * @module
 */
import { countTokenBytes, type TokenBytes } from "../../stages/evaluate/loss_tally.ts";
import { from } from "../../stages/flow/flow.ts";
import type { TokenFormat } from "../../stages/format/tokens/token_formats.ts";
import { nextDigest } from "../../stages/shard/held_out_text.ts";
import { openSource, type SourceOptions } from "../../stages/source/uri.ts";
import { endOfTextIfAny } from "../../stages/token/end_of_text.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { openValidation } from "./validation.ts";

/** A text as tokens. */
export interface EvaluationText {
  /** Name of the text in error messages. */
  readonly name: string;
  readonly tokens: Uint32Array;
  /** Bytes of text per token; undefined if they are not known. */
  readonly tokenBytes: TokenBytes | undefined;
  /** Identity of the text: see `EvalEvent`. */
  readonly identity: string;
}

const MAX_TOKENS = 1 << 26; // 256 MiB in memory

/** The text of token shards. */
export async function shardText(
  shards: readonly string[],
  { tokenizer, vocabSize, format }: {
    readonly tokenizer: Tokenizer | null;
    readonly vocabSize: number;
    readonly format: TokenFormat;
  },
): Promise<EvaluationText> {
  const inputs = { validation: shards, counted: 0, vocabSize, tokenizer, format };
  const { validation, tokenBytes, identity } = await openValidation(inputs);
  return {
    name: shards.join(" "),
    tokens: await validation(),
    tokenBytes,
    identity: await identity?.() ?? "",
  };
}

/**
 * The documents of sources, each after the tokenizer's end of text if it has one. Throws RangeError if the
 * model's tokenizer is not known, and for a text of more than 67 million tokens.
 */
export async function sourceText(
  { source, ...reading }: SourceOptions & { readonly source: readonly string[] },
  tokenizer: Tokenizer | null,
): Promise<EvaluationText> {
  const name = source.join(" ");
  if (tokenizer === null) {
    throw new RangeError(
      `Cannot evaluate on ${name}: the model's tokenizer is not known: give --tokenizer NAME|PATH`,
    );
  }
  const end = endOfTextIfAny(tokenizer), parts: Uint32Array[] = [];
  let count = 0, identity = "";
  const documents = from(await openSource(source, reading));
  for await (const { text } of documents.stream()) {
    const ids = tokenizer.encodeOrdinary(text);
    if (end !== null) parts.push(Uint32Array.of(end));
    parts.push(ids);
    count += ids.length + (end === null ? 0 : 1);
    identity = nextDigest(identity, text);
    if (count > MAX_TOKENS) {
      throw new RangeError(
        `Cannot evaluate on ${name}: it has more than ${MAX_TOKENS} tokens: give a part of it`,
      );
    }
  }
  const tokens = new Uint32Array(count);
  let at = 0;
  for (const part of parts) {
    tokens.set(part, at);
    at += part.length;
  }
  return { name, tokens, tokenBytes: countTokenBytes(tokenizer), identity };
}
