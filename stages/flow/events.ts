/**
 * The events of a run. The terminal output, metrics.jsonl, the live page and the report all use the same
 * events.
 *
 * @module
 */
import type { Json } from "../disk/json.ts";
import type { Lengths } from "./lengths.ts";

/** An optimizer update. */
export type StepEvent = Readonly<{
  type: "step";
  /** Index of the update, starting at 0. */
  step: number;
  /** Loss before the update in nats per token, averaged over the micro-batches. */
  loss: number;
  /** Norm of the gradient; it is computed before clipping. */
  gradNorm: number;
  lr: number;
  /** Number of tokens trained on so far, including this step. */
  tokens: number;
  tokensPerSecond: number;
  /** Seconds of training, including those before a resume. */
  elapsed: number;
  /** Why the update was skipped, and the origins of its batch; absent if it was not skipped. */
  skipped?: string;
}>;

/** Validation loss after `step` updates in nats per token, and in bits per byte of text. */
export type EvalEvent = Readonly<
  {
    type: "eval";
    step: number;
    valLoss: number;
    bitsPerByte?: number;
    unigramLoss?: number;
    /** Number of UTF-8 bytes of text that were predicted. */
    bytes?: number;
    /**
     * Identity of the validation text, of which `bytes` bytes were measured. Equal texts have equal
     * identities.
     */
    text?: string;
  }
>;

/**
 * HellaSwag's two accuracies after `step` updates. The model chooses the ending with the highest probability
 * (`accuracy`) or with the highest probability per byte (`accuracyNorm`).
 */
export type HellaswagEvent = Readonly<
  { type: "hellaswag"; step: number; accuracy: number; accuracyNorm: number; items: number }
>;

/** Mean reward of the model's most likely answers to held-out questions of a task, after `step` updates. */
export type TaskEvent = Readonly<
  {
    type: "task";
    step: number;
    task: string;
    reward: number;
    items: number;
    toolShare?: number;
    /** Whether the questions are trained on too; absent if they are held out. */
    seen?: true;
  }
>;

/** How a model answered a group of questions of a task: a row of its report card. */
export type CardEvent = Readonly<{
  type: "card";
  task: string;
  /** What the questions ask for. */
  group: string;
  /** Whether the model can know the answers. Where it cannot, it should say so. */
  known: boolean;
  /** Number of questions. */
  items: number;
  /** Number of right answers, where a refusal is none. */
  right: number;
  wrong: number;
  /** Number of answers that say "I do not know". */
  refused: number;
}>;

/** How a model compared the answers of one update of preferences. */
export type PreferenceEvent = Readonly<{
  type: "preference";
  step: number;
  /** Mean loss of the pairs. */
  loss: number;
  /** Share of pairs whose chosen answer has the higher reward. */
  accuracy: number;
  /** Mean reward of the chosen answer minus that of the rejected one. */
  margin: number;
}>;

/** The answers that one update of reinforcement learning learns from. */
export type RolloutEvent = Readonly<{
  type: "rollout";
  /** Step of the update; the same again in the next event if these answers gave no update. */
  step: number;
  /** Number of the questions in the run, from 0: it grows with each event. */
  item: number;
  /** True if there was no update, because the answers teach nothing: no group has rewards that differ. */
  withoutUpdate?: true;
  /** Mean reward of the answers. */
  reward: number;
  /** Mean of each part of the reward, by name. */
  parts: Readonly<Record<string, number>>;
  /** Share of questions whose answers all have the same reward: these teach nothing. */
  zeroVariance: number;
  /** Mean entropy of the distributions that tokens were chosen from, in nats. */
  entropy: number;
  /** Number of tokens of an answer: mean, least and most. */
  length: number;
  minLength: number;
  maxLength: number;
  /** Share of answers that were cut off at the longest length. */
  cutOff: number;
  /** Share of questions that were left out because they are longer than a sequence; absent if none are. */
  tooLong?: number;
  /** Calls of tools per answer, and the share of them that failed. */
  toolCalls: number;
  toolFailures: number;
  /** Loss of the update; on policy and with centred advantages it is 0 by construction. */
  policyLoss: number;
  /** Divergence from the reference per token, in nats; absent without one. */
  kl?: number;
  /** The answers with the highest and the lowest reward, with their questions. */
  best: string;
  worst: string;
}>;

/** Where the time of an update of reinforcement learning went before the update itself. */
export type TimingEvent = Readonly<{
  type: "timing";
  step: number;
  /** Number of the questions in the run: see RolloutEvent. */
  item: number;
  /** Seconds in which answers were generated and rewarded. */
  rollout: number;
  /** Seconds in which the reference read the answers; 0 without one. */
  score: number;
  /** Number of tokens generated. */
  generated: number;
}>;

/** Text generated by the model after `step` updates. */
export type SampleEvent = Readonly<{ type: "sample"; step: number; text: string; prompt?: string }>;

/** How many words of the model's samples after the last update occur in the training text. */
export type WordsEvent = Readonly<{
  type: "words";
  step: number;
  /** Number of samples. */
  samples: number;
  /** Number of words in them, each counted as often as it occurs; 0 if the model wrote none. */
  words: number;
  /** Number of these words that occur in the training text. */
  found: number;
  /** Number of tokens of the training text that were searched; absent if the result holds for all of it. */
  firstTokens?: number;
}>;

/** A checkpoint that is complete on disk. `seconds` says how long writing took. */
export type CheckpointEvent = Readonly<{ type: "checkpoint"; step: number; path: string; seconds: number }>;

/** What a stage has done so far. */
export type StageEvent = Readonly<{
  type: "stage";
  name: string;
  in: number;
  out: number;
  dropped: Readonly<Record<string, number>>;
  /** Seconds of work, summed over the workers of a parallel stage. */
  busy: number;
  /** Seconds of waiting for the stages before it, summed in the same way. */
  blocked: number;
  /** Number of items in the read-ahead queue before the stage; absent without a queue. */
  queued?: number;
  /** Seconds for which the stages before the queue have waited for room in it; absent without a queue. */
  full?: number;
  /** Number of items that the workers of a parallel group hold, at its first stage; absent elsewhere. */
  inFlight?: number;
  /** Lengths of the items passed on, if the run measures them. */
  lengths?: Lengths;
}>;

/** How the stages of the flow are connected. Emitted once a run has opened its stages. */
export type GraphEvent = Readonly<{
  type: "graph";
  /** The source and the stages, each after the one that it gets its items from. */
  stages: readonly GraphStage[];
}>;

/** One stage of a flow's graph. */
export type GraphStage = Readonly<{
  name: string;
  /** Name of the stage that it gets its items from; null for the source. */
  after: string | null;
  /** Maximum number of items in the read-ahead queue before the stage; absent without a queue. */
  ahead?: number;
  /** Number of worker threads of the group that begins with this stage; absent without workers. */
  workers?: number;
}>;

/** Statistics of the documents that have passed one point of the flow. */
export type SurveyEvent = Readonly<{
  type: "survey";
  /** Name of the point: before or after the filters. */
  name: string;
  documents: number;
  /** Total length of the texts in UTF-16 code units. */
  characters: number;
  /** Total number of tokens in the documents whose tokens were counted. */
  tokens: number;
  /**
   * Histogram of lengths: `lengths[i]` documents have `2^i` to `2^(i + 1) - 1` characters, and `lengths[0]`
   * documents have 0 or 1.
   */
  lengths: readonly number[];
  /** Number of documents in each language, for documents whose language is known. */
  languages: Readonly<Record<string, number>>;
  /** Number of documents from each of the most frequent registered domains; the largest number is first. */
  domains: Readonly<Record<string, number>>;
  /**
   * Largest possible error of a domain's count: it can be too small by at most this number, and is never too
   * large. 0 if all domains were counted.
   */
  domainsMissed: number;
  /** Number of documents without a URL. */
  withoutUrl: number;
}>;

/** Statistics of the values of one tensor. */
export type TensorStats = Readonly<{
  name: string;
  mean: number;
  std: number;
  /** Euclidean norm of all values. */
  norm: number;
  /** Fraction of values near the ends of their range. */
  saturated: number;
  /** Fraction of values that are 0. */
  dead: number;
  histogram: Readonly<{ from: number; to: number; counts: readonly number[] }>;
}>;

/**
 * Statistics of a model's tensors after `step` updates, measured on the first micro-batch of the last update.
 */
export type InspectEvent = Readonly<{
  type: "inspect";
  step: number;
  /** Statistics of the values at the model's probes, and of the gradient of the loss with respect to them. */
  activations: readonly (TensorStats & { readonly gradient?: TensorStats })[];
  /**
   * Statistics of the parameters and their gradients. `updateRatio` is the std of the last update divided by
   * the std of the values.
   */
  parameters: readonly (TensorStats & { readonly gradient: TensorStats; readonly updateRatio?: number })[];
  /** Embeddings of the most frequent tokens, projected on their first two principal axes. */
  embedding?: readonly Readonly<{ label: string; x: number; y: number }>[];
}>;

/** The start or the resume of a run: device, parameters, options. */
export type RunStartEvent = Readonly<{
  type: "run";
  pipeline: string;
  device?: string;
  parameters?: number;
  /** The command as it can be typed again, without passwords in addresses. */
  command?: string;
  /** Time of the start in ISO 8601. */
  started?: string;
  /** The Git commit of the program; absent if it is not known. */
  commit?: string;
  /** Planned bytes of each kind of memory on the device. */
  memory?: Readonly<Record<string, number>>;
  [field: string]: unknown;
}>;

/** Time of each op on the device, measured over a few steps; `step` is the first of them. */
export type ProfileEvent = Readonly<{
  type: "profile";
  step: number;
  /** Number of steps. */
  steps: number;
  device: string;
  /** The ops, longest time first. */
  ops: readonly Readonly<{
    op: string;
    calls: number;
    seconds: number;
    /** Fraction of the time of all ops. */
    share: number;
    /** Fraction of the threads' time spent waiting for each other. */
    waiting: number;
    gflops: number;
    /** Memory traffic in 10⁹ bytes per second. */
    gigabytes: number;
  }>[];
}>;

/** A message for people, such as a decision or a warning. No reader of events depends on it. */
export type NoteEvent = Readonly<{ type: "note"; text: string }>;

/** The tokens of a text. */
export type TokensEvent = Readonly<{
  type: "tokens";
  tokenizer: string;
  ids: readonly number[];
  /** Length of the text in bytes of UTF-8. */
  bytes: number;
  /** Length of the text in Unicode code points. */
  characters: number;
}>;

/** An item of a lesson: a text, a table, a figure, a check. */
export type LessonEvent = Readonly<{ type: "lesson"; kind: string; [field: string]: unknown }>;

/**
 * Options that changed after `step` updates, because the run was resumed with other values or has determined
 * them itself, as `[before, after]`; the key is the option's name.
 */
export type ChangeEvent = Readonly<
  { type: "change"; step: number; options: Readonly<Record<string, readonly [before: Json, after: Json]>> }
>;

/** The end of the run. */
export type DoneEvent = Readonly<{ type: "done"; [field: string]: unknown }>;

/** Any event: a line of metrics.jsonl. */
export type RunEvent =
  | StepEvent
  | EvalEvent
  | HellaswagEvent
  | SampleEvent
  | TaskEvent
  | CardEvent
  | RolloutEvent
  | PreferenceEvent
  | TimingEvent
  | WordsEvent
  | CheckpointEvent
  | StageEvent
  | GraphEvent
  | SurveyEvent
  | InspectEvent
  | RunStartEvent
  | ProfileEvent
  | NoteEvent
  | ChangeEvent
  | TokensEvent
  | LessonEvent
  | DoneEvent;
