/**
 * Log probabilities of tokens, in the forms of both APIs.
 *
 * @module
 */
import type { GeneratedToken, ScoredToken } from "../../stages/sample/token_text.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";

/** Lowest log probability that is reported: JSON has no infinity. */
const LEAST = -9999;

/** A token in the form of chat completions. */
export interface ChatLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

/** Returns tokens in the form of chat completions. Tokens that were forced have log probability 0. */
export function chatLogprobs(tokens: readonly GeneratedToken[], tokenizer: Tokenizer) {
  const entry = ({ id, logp }: ScoredToken): ChatLogprob => ({
    token: textOf(tokenizer, id),
    logprob: Math.max(LEAST, logp),
    bytes: [...tokenizer.decodeSingleTokenBytes(id)],
  });
  return tokens.map((token) => ({ ...entry(token), top_logprobs: token.alternatives.map(entry) }));
}

/** Log probabilities in the form of completions: lists with one entry for each token. */
export interface CompletionLogprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly (number | null)[];
  readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[] | null;
  readonly text_offset: readonly number[];
}

/** A token of a prompt, or of the text after it. The first token of a prompt has no log probability: null. */
export type EchoedToken =
  | Pick<GeneratedToken, "id" | "logp" | "alternatives">
  | { readonly id: number; readonly logp: null };

/** Returns tokens in the form of completions. `offset` is the length of the text before them. */
export function completionLogprobs(
  tokens: readonly EchoedToken[],
  { tokenizer, offset, top }: {
    readonly tokenizer: Tokenizer;
    readonly offset: number;
    /** Number of alternatives that were asked for. */
    readonly top: number;
  },
): CompletionLogprobs {
  const texts = tokens.map(({ id }) => textOf(tokenizer, id));
  let at = offset;
  return {
    tokens: texts,
    token_logprobs: tokens.map(({ logp }) => logp === null ? null : Math.max(LEAST, logp)),
    top_logprobs: top === 0 ? null : tokens.map((token) =>
      token.logp === null ? null : Object.fromEntries(
        token.alternatives.map(({ id, logp }) => [textOf(tokenizer, id), Math.max(LEAST, logp)]),
      )
    ),
    text_offset: texts.map(({ length }) => (at += length) - length),
  };
}

function textOf(tokenizer: Tokenizer, id: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(tokenizer.decodeSingleTokenBytes(id));
}
