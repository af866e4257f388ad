/**
 * One text while its tokens are generated, with what training and APIs need to know of each token: its log
 * probability, its alternatives, and whether the model chose it.
 *
 * @module
 */
import { uniformAt } from "../../kernels/random/philox.ts";
import { sampleToken, type SamplingOptions } from "./sample_token.ts";
import { likeliest } from "./top_k.ts";

/** Watches a text while it is generated. */
export interface Hand {
  /**
   * Returns the tokens that must follow a token which the model has chosen; usually none. After a token that
   * ends the text, they continue it.
   */
  after(id: number): readonly number[] | Promise<readonly number[]>;
}

/** Keeps a text within a form. */
export interface TokenConstraint {
  /** Returns for each id whether the token may come next: 1 if so; null: all may. */
  allowed(): Uint8Array | null;
  /** Takes a token of the text, chosen or forced. */
  take(id: number): void;
}

/** A text to generate. */
export interface TokenRequest {
  /** Tokens to continue, at least one. */
  readonly prompt: Uint32Array;
  /** Name of the text's random numbers: the same name gives the same text, whatever else is generated. */
  readonly key: string;
  /** Hand that may force tokens. */
  readonly hand?: Hand;
  /**
   * Tokens that follow the prompt, of which each is scored as if it had been chosen. Default: none. The plan
   * of the model must have `scores`.
   */
  readonly scored?: Uint32Array;
  /** Constraint of the tokens that may be chosen, for this text alone. Default: all tokens may be chosen. */
  readonly constraint?: TokenConstraint;
}

/** How tokens are generated. */
export interface GenerateTokensOptions extends SamplingOptions {
  /** Tokens that end a text; the text includes them. */
  readonly ends: ReadonlySet<number>;
  /** Largest number of tokens of a text, forced ones included, those of `scored` not. */
  readonly maxTokens: number;
  /** Largest number of tokens of a text and its prompt. Default: the model's sequence length. */
  readonly maxLength?: number;
  /** Seed of the random numbers. */
  readonly seed: number;
  /** Number of tokens that may be chosen; default: the model's vocabulary. */
  readonly vocabSize?: number;
  /** Number of likeliest tokens that are reported beside each chosen one. Default 0. */
  readonly alternatives?: number;
  /** Temperature of the log probabilities and entropies that are reported. Default: that of sampling. */
  readonly scoredAt?: number;
  /** Signal that aborts the text. */
  readonly signal?: AbortSignal;
}

/** A token with its log probability. */
export interface ScoredToken {
  /** Id of the token. */
  readonly id: number;
  /**
   * Log probability in nats at the temperature (at temperature 0: at 1), among all tokens, without penalties
   * and biases.
   */
  readonly logp: number;
}

/** A token of a text. */
export interface GeneratedToken extends ScoredToken {
  /** Whether the model chose the token; a forced one has log probability and entropy 0. */
  readonly isChosen: boolean;
  /** Entropy of the distribution that the token was chosen from, in nats. */
  readonly entropy: number;
  /** The likeliest tokens, the likeliest first; as many as `alternatives` asks for. */
  readonly alternatives: readonly ScoredToken[];
}

/** Why a text ended: at one of `ends`, or because it or the model's sequence was full. */
export type TextEnd = "end" | "length";

/** A text and the state of its generation. */
export class TokenText {
  readonly request: TokenRequest;
  readonly #options: GenerateTokensOptions;
  readonly #seen: Set<number>;
  /** How often each token has been chosen. */
  readonly #counts = new Map<number, number>();
  #unscored: Uint32Array;
  #draws = 0;
  #room: number;

  /** `longest` is the largest number of tokens of a text and its prompt that the model takes. */
  constructor(request: TokenRequest, options: GenerateTokensOptions, longest: number) {
    const { maxTokens, maxLength = longest } = options;
    this.request = request;
    this.#options = options;
    this.#seen = new Set(options.repetitionPenalty === undefined ? [] : request.prompt);
    const { prompt, scored = new Uint32Array(0) } = request;
    this.#room = Math.min(maxTokens + scored.length, Math.min(maxLength, longest) - prompt.length);
    this.#unscored = scored;
  }

  /** Tokens that are still to be scored. */
  get unscored(): Uint32Array {
    return this.#unscored;
  }

  /** Scores the next of them. */
  score(all: Float32Array): GeneratedToken {
    const [id] = this.#unscored;
    this.#unscored = this.#unscored.subarray(1);
    this.#add(id);
    return { ...this.#withScores(id, all), isChosen: false };
  }

  /** Number of tokens that the text may still have. */
  get room(): number {
    return this.#room;
  }

  /** Chooses the next token. Throws RangeError if the constraint of the text allows none. */
  choose(all: Float32Array): GeneratedToken {
    const { vocabSize, seed } = this.#options, logits = all.subarray(0, vocabSize);
    const draw = uniformAt(seed, this.request.key, this.#draws++);
    const allowed = this.request.constraint?.allowed() ?? null;
    const scores = allowed === null ? logits : restricted(logits, allowed);
    const id = sampleToken(scores, { ...this.#options, draw, seen: this.#seen, counts: this.#counts });
    this.#add(id);
    this.#counts.set(id, 1 + (this.#counts.get(id) ?? 0));
    return this.#withScores(id, all);
  }

  /** Returns the tokens that the hand forces after the token just chosen; null if they do not fit. */
  async force(id: number): Promise<readonly GeneratedToken[] | null> {
    const ids = await this.request.hand?.after(id) ?? [], last = ids.at(-1);
    // Unless they end the text, there must be room for a token after them.
    const needed = ids.length + Number(last !== undefined && !this.isEnd(last));
    if (needed > this.#room) return null;
    return ids.map((each) => {
      this.#add(each);
      return { id: each, isChosen: false, logp: 0, entropy: 0, alternatives: [] };
    });
  }

  /** Returns whether a token ends the text. */
  isEnd(id: number): boolean {
    return this.#options.ends.has(id);
  }

  #withScores(id: number, all: Float32Array): GeneratedToken {
    const { vocabSize, temperature = 1, scoredAt = temperature, alternatives = 0 } = this.#options;
    const logits = all.subarray(0, vocabSize);
    const { entropy, logpOf } = distributionOf(logits, scoredAt === 0 ? 1 : scoredAt);
    return {
      id,
      isChosen: true,
      logp: logpOf(id),
      entropy,
      alternatives: alternatives === 0
        ? []
        : Array.from(likeliest(logits, alternatives), (other) => ({ id: other, logp: logpOf(other) })),
    };
  }

  #add(id: number): void {
    this.#room--;
    this.request.constraint?.take(id);
    if (this.#options.repetitionPenalty !== undefined) this.#seen.add(id);
  }
}

/** Returns the logits of the tokens that are allowed; the others are -Infinity. */
function restricted(logits: Float32Array, allowed: Uint8Array): Float32Array {
  const scores = logits.map((logit, id) => allowed[id] === 1 ? logit : -Infinity);
  if (scores.some((score) => score > -Infinity)) return scores;
  throw new RangeError("Cannot choose a token: the vocabulary has none that goes on in the required form");
}

/** Returns the entropy of a distribution in nats, and the log probability of each token. */
function distributionOf(
  logits: Float32Array,
  temperature: number,
): { readonly entropy: number; logpOf(id: number): number } {
  let most = -Infinity, sum = 0, weighted = 0;
  for (const logit of logits) if (logit > most) most = logit;
  for (const logit of logits) {
    const x = (logit - most) / temperature, p = Math.exp(x);
    sum += p;
    if (p > 0) weighted += p * x;
  }
  const log = Math.log(sum);
  return { entropy: log - weighted / sum, logpOf: (id) => (logits[id] - most) / temperature - log };
}
