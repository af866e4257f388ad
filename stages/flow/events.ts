/**
 * The one event type that feeds every reader: terminal, metrics.jsonl, live page, report.
 *
 * @module
 */
import type { Lengths } from "./lengths.ts";

/** An update has been made. `loss` is the mean over micro-batches before it; `gradNorm` is before clipping. */
export type StepEvent = Readonly<{
  type: "step";
  /** From 0: the first update. */
  step: number;
  /** Nats a token. */
  loss: number;
  gradNorm: number;
  lr: number;
  /** Tokens trained on so far, this step's included. */
  tokens: number;
  tokensPerSecond: number;
  /** Seconds of training, over all resumes. */
  elapsed: number;
  /** Why the update was not made, and where its batch stands; absent: it was made. */
  skipped?: string;
}>;

/** The validation loss after `step` updates, in nats a token, and per byte of text in bits. */
export type EvalEvent = Readonly<
  { type: "eval"; step: number; valLoss: number; bitsPerByte?: number; unigramLoss?: number }
>;

/** HellaSwag's two accuracies after `step` updates. */
export type HellaswagEvent = Readonly<
  { type: "hellaswag"; step: number; accuracy: number; accuracyNorm: number; items: number }
>;

/** Text that the model wrote after `step` updates. */
export type SampleEvent = Readonly<{ type: "sample"; step: number; text: string; prompt?: string }>;

/** A checkpoint is complete on disk. `seconds`: how long writing took. */
export type CheckpointEvent = Readonly<{ type: "checkpoint"; step: number; path: string; seconds: number }>;

/**
 * What a stage has done so far. `busy` and `blocked` in seconds: at work, and waiting for the stages before it. Of a
 * stage run by several workers at once they are summed over the workers.
 */
export type StageEvent = Readonly<{
  type: "stage";
  name: string;
  in: number;
  out: number;
  dropped: Readonly<Record<string, number>>;
  busy: number;
  blocked: number;
  /** Of the items that it passed on, where the run measures them. */
  lengths?: Lengths;
}>;

/** What the documents that have come past one place of the flow are like. */
export type SurveyEvent = Readonly<{
  type: "survey";
  /** The place: before the filters, or after them. */
  name: string;
  documents: number;
  /** UTF-16 units of text. */
  characters: number;
  /** Tokens, of the documents whose tokens were counted. */
  tokens: number;
  /** `lengths[i]`: documents of 2^i characters or more, but less than 2^(i + 1); the first: of 0 or 1. */
  lengths: readonly number[];
  /** Documents by language, where it is known. */
  languages: Readonly<Record<string, number>>;
  /** Documents by registered domain, the most frequent ones, most frequent first. */
  domains: Readonly<Record<string, number>>;
  /** By how much a domain's count may be too small: 0 while there are few enough domains to know them all. */
  domainsMissed: number;
  /** Documents without an address. */
  withoutUrl: number;
}>;

/** What a part of a model is like inside. */
export type TensorStats = Readonly<{
  name: string;
  mean: number;
  std: number;
  /** Of all its values together. */
  norm: number;
  /** Share of values near the ends of their range, and share of those that are 0. */
  saturated: number;
  dead: number;
  histogram: Readonly<{ from: number; to: number; counts: readonly number[] }>;
}>;

/** What a model is like inside after `step` updates, on the micro-batch that the last of them began with. */
export type InspectEvent = Readonly<{
  type: "inspect";
  step: number;
  /** Values at the model's probes, and the loss's gradient there. */
  activations: readonly (TensorStats & { readonly gradient?: TensorStats })[];
  /** Parameters, the gradients of each, and how much the last update changed it: std of the change / std of the values. */
  parameters: readonly (TensorStats & { readonly gradient: TensorStats; readonly updateRatio?: number })[];
  /** The embeddings that are met most often, on their two main axes. */
  embedding?: readonly Readonly<{ label: string; x: number; y: number }>[];
}>;

/** The run begins (or goes on): device, parameters, options. */
export type RunStartEvent = Readonly<
  { type: "run"; pipeline: string; device?: string; parameters?: number; [field: string]: unknown }
>;

/** Something a person should read: a decision, a warning. Not needed to follow the run. */
export type NoteEvent = Readonly<{ type: "note"; text: string }>;

/** A text's tokens. */
export type TokensEvent = Readonly<{
  type: "tokens";
  tokenizer: string;
  ids: readonly number[];
  /** Of the text, UTF-8. */
  bytes: number;
  characters: number;
}>;

/** A piece of a lesson: text, a table, a figure of the lecture's and ours. */
export type LessonEvent = Readonly<{ type: "lesson"; kind: string; [field: string]: unknown }>;

/** The run has ended. */
export type DoneEvent = Readonly<{ type: "done"; [field: string]: unknown }>;

/** Exactly the lines of metrics.jsonl. */
export type RunEvent =
  | StepEvent
  | EvalEvent
  | HellaswagEvent
  | SampleEvent
  | CheckpointEvent
  | StageEvent
  | SurveyEvent
  | InspectEvent
  | RunStartEvent
  | NoteEvent
  | TokensEvent
  | LessonEvent
  | DoneEvent;
