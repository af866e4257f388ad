/**
 * The messages between the page and its worker.
 *
 * @module
 */
import type { EvalEvent, StepEvent } from "../../../stages/flow/events.ts";
import type { EngineWish } from "./address.ts";
import type { Settings } from "./settings.ts";

/** How text is generated. */
export interface GenerateSettings {
  /** Text to continue. */
  readonly prompt: string;
  readonly temperature: number;
  /** Number of likeliest tokens to draw from; 0 for all. */
  readonly topK: number;
  /** Most tokens to generate. */
  readonly tokens: number;
  readonly seed: number;
}

/** A message to the worker. */
export type Request =
  | { readonly type: "train"; readonly settings: Settings; readonly text: string; readonly wish: EngineWish }
  | { readonly type: "open"; readonly files: readonly File[]; readonly wish: EngineWish }
  | { readonly type: "pause" | "resume" | "stop" | "save" }
  | { readonly type: "generate"; readonly how: GenerateSettings }
  | { readonly type: "look"; readonly text: string }
  | { readonly type: "trial"; readonly id: number; readonly settings: Settings; readonly text: string };

/** A token as it is shown. */
export interface ShownToken {
  readonly id: number;
  /** The token with its spaces and other invisible characters made visible. */
  readonly text: string;
  readonly special: boolean;
}

/** A text as tokens. */
export interface TokenizedText {
  readonly tokens: readonly ShownToken[];
  /** Number of all tokens, of which `tokens` may be only the first. */
  readonly count: number;
  readonly bytes: number;
}

/** What the model makes of a text. */
export interface Look {
  /** The text as tokens, of a long one the first few thousand. */
  readonly text: TokenizedText;
  /** The last tokens of the text, as many as are traced. */
  readonly tokens: readonly ShownToken[];
  /** Weights of attention, [block][head][query][key]. */
  readonly attention: readonly (readonly (readonly Float64Array[])[])[];
  /** The likeliest next tokens with their probabilities. */
  readonly next: readonly { readonly token: ShownToken; readonly probability: number }[];
  /** Embeddings of tokens on their two principal axes. */
  readonly embedding: readonly { readonly token: ShownToken; readonly x: number; readonly y: number }[];
}

/** What is known of the model once it is on the device. */
export interface ModelFacts {
  /** Name of the opened files; null for a model that trains here. */
  readonly opened: string | null;
  readonly parameters: number;
  /** Bytes on the device. */
  readonly bytes: number;
  readonly vocabSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly context: number;
  /** Length of the run in updates; 0 for an opened model. */
  readonly steps: number;
  /** Tokens to train on and held out; 0 for an opened model. */
  readonly trainTokens: number;
  readonly heldOutTokens: number;
  /** A few words that the tokenizer knows. */
  readonly excerpt: string;
}

/** A message from the worker. */
export type Answer =
  | { readonly type: "engine"; readonly name: string; readonly device: string; readonly why: string }
  | { readonly type: "model"; readonly facts: ModelFacts }
  /** There is no model any more: it was closed, and the one in its place could not be opened. */
  | { readonly type: "closed" }
  | { readonly type: "steps"; readonly events: readonly StepEvent[] }
  | { readonly type: "eval"; readonly event: EvalEvent }
  | { readonly type: "sample"; readonly step: number; readonly text: string }
  | { readonly type: "piece"; readonly text: string }
  | { readonly type: "generated" }
  | { readonly type: "look"; readonly look: Look }
  | { readonly type: "state"; readonly state: "training" | "paused" | "done" | "stopped" }
  | { readonly type: "saved"; readonly files: readonly { readonly name: string; readonly content: Blob }[] }
  | {
    readonly type: "trial";
    readonly id: number;
    readonly losses: readonly number[];
    readonly heldOutLoss: number;
    readonly sample: string;
  }
  /** Something could not be done; `id` is that of a trial. */
  | { readonly type: "failed"; readonly what: Request["type"]; readonly why: string; readonly id?: number };
