/**
 * What a model makes of a text: tokens, attention, the likeliest next tokens, and its embedding.
 *
 * @module
 */
import { attentionMaps } from "../../../../stages/inspect/attention_maps.ts";
import { principalAxes } from "../../../../stages/inspect/principal_axes.ts";
import type { ModelSession } from "../../../../stages/model/model_session.ts";
import { candidates } from "../../../../stages/sample/sample_token.ts";
import type { Tokenizer } from "../../../../stages/token/tokenizer.ts";
import { encodeWithSpecial, type TextToken, tokensOfIds } from "../../../../stages/token/view/text_tokens.ts";
import { visibleToken } from "../../../../stages/token/view/visible_token.ts";
import type { Look, ShownToken } from "../protocol.ts";

const nextTokens = 10; // of the likeliest next tokens
const mostPoints = 300; // of the embedding: more labels would hide each other
const mostTokens = 2000; // of a text that is shown as tokens

/** Returns what the model makes of the last tokens of a text, as many as its plan can trace. */
export async function lookAt(model: ModelSession, tokenizer: Tokenizer, text: string): Promise<Look> {
  const { tracing, parameters } = model.plan;
  const all = text === "" ? Uint32Array.of(tokenizer.eotToken) : encodeWithSpecial(text, tokenizer);
  const ids = all.subarray(-(tracing?.seqLen ?? 1));
  const { logits, attention } = await model.trace(ids);
  const { embedding = "" } = model.plan.model.tables ?? {};
  const points = parameters.has(embedding)
    ? embeddingOf((await model.read([embedding]))[embedding], tokenizer)
    : [];
  return {
    text: {
      tokens: shown(all.subarray(0, mostTokens), tokenizer),
      count: all.length,
      bytes: new TextEncoder().encode(text).length,
    },
    tokens: shown(ids, tokenizer),
    attention: attention.map((block) => attentionMaps(block, ids.length)),
    next: likeliest(logits[logits.length - 1], tokenizer),
    embedding: points,
  };
}

function likeliest(logits: Float32Array, tokenizer: Tokenizer): Look["next"] {
  const known = logits.subarray(0, tokenizer.vocabSize);
  const { ids, weights } = candidates(known, { topK: nextTokens });
  const { weights: every } = candidates(known, {});
  const sum = every.reduce((a, b) => a + b, 0), tokens = shown(ids, tokenizer);
  return tokens.map((token, i) => ({ token, probability: weights[i] / sum }));
}

/** Projects the embeddings of ordinary tokens that can be read, learned ones and frequent ones first. */
function embeddingOf(
  { shape: [rows, width], data }: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  tokenizer: Tokenizer,
): Look["embedding"] {
  const count = Math.min(rows, tokenizer.vocabSize);
  const tokens = shown(Array.from({ length: count }, (_, id) => id), tokenizer)
    .filter(({ text, special }) => !special && !/^<[0-9a-f]+>$|^\\u/.test(text));
  // Byte pairs are learned in the order of their frequency.
  const isLearned = ({ text }: ShownToken) => [...text].length > 1;
  const chosen = [...tokens.filter(isLearned), ...tokens.filter((token) => !isLearned(token))]
    .slice(0, mostPoints);
  const numbers = Float32Array.from(data);
  const points = principalAxes(chosen.map(({ id }) => numbers.subarray(id * width, (id + 1) * width)));
  return chosen.map((token, i) => ({ token, x: points[i][0], y: points[i][1] }));
}

function shown(ids: Iterable<number>, tokenizer: Tokenizer): readonly ShownToken[] {
  return tokensOfIds(ids, tokenizer).map((token: TextToken) => ({
    id: token.id,
    text: visibleToken(token.bytes),
    special: token.special,
  }));
}
