/**
 * The choices of a request: answers that are generated at the same time.
 *
 * @module
 */
import type { AnswerPart } from "../../stages/answer/answer_reader.ts";
import {
  type AnswerOptions,
  type AnswerSummary,
  generateAnswer,
} from "../../stages/answer/generate_answer.ts";
import type { TokenGenerator } from "../../stages/sample/token_generator.ts";
import { ApiError } from "./api_error.ts";
import type { Metrics } from "./metrics.ts";
import type { ServedModel } from "./served_model.ts";

/** A part of one of the choices, or its end. */
export interface ChoiceEvent {
  readonly index: number;
  readonly part: AnswerPart | AnswerSummary;
}

/** What is common to all choices of a request. */
export interface ChoicesOptions {
  readonly metrics: Metrics;
  /** Largest number of answers that may wait for a free place. */
  readonly queue: number;
  /** Aborted when the client has gone, or the server closes. */
  readonly signal: AbortSignal;
}

/** Throws ApiError if so many answers more cannot wait. */
export function checkQueue(
  { generator, parallel }: Pick<ServedModel, "generator" | "parallel">,
  { answers, queue }: { readonly answers: number; readonly queue: number },
): void {
  const { active, waiting } = generator.texts;
  if (waiting + answers <= queue + Math.max(0, parallel - active)) return;
  throw new ApiError(429, `${waiting} answers wait already, and ${queue} may: try again later`, {
    code: "queue_full",
    headers: { "retry-after": "1" },
  });
}

/** Generates all choices and yields their parts as they come. A caller that stops reading ends them. */
export async function* generateChoices(
  generator: TokenGenerator,
  choices: readonly AnswerOptions[],
  { metrics, signal }: ChoicesOptions,
): AsyncGenerator<ChoiceEvent, void, undefined> {
  const stop = new AbortController(), began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const any = AbortSignal.any([signal, stop.signal]);
  const sources = choices.map((choice) =>
    generateAnswer(generator, { ...choice, sampling: { ...choice.sampling, signal: any } })
  );
  let first = true, isWhole = false;
  try {
    for await (const { index, value: part } of merged(sources)) {
      if (first) metrics.firstPart(seconds());
      first = false;
      if (part.type === "end") {
        const { prompt, scored = [] } = choices[index].request;
        metrics.tokens.prompt += prompt.length + scored.length;
        metrics.tokens.cached += part.reused;
        metrics.tokens.generated += part.tokens;
      }
      yield { index, part };
    }
    isWhole = true;
    metrics.answer(seconds());
  } finally {
    if (!isWhole && (signal.aborted || !stop.signal.aborted)) metrics.aborted++;
    stop.abort(new DOMException("The request has ended", "AbortError"));
    await Promise.allSettled(sources.map((source) => source.return()));
  }
}

/** Yields the values of several generators as they come. */
async function* merged<T>(
  sources: readonly AsyncGenerator<T, void, undefined>[],
): AsyncGenerator<{ readonly index: number; readonly value: T }, void, undefined> {
  const next = (index: number) => {
    const result = sources[index].next().then((result) => ({ index, result }));
    result.catch(() => {}); // it may fail after another one has
    return result;
  };
  const waiting = new Map(sources.map((_, index) => [index, next(index)]));
  while (waiting.size > 0) {
    const { index, result } = await Promise.race(waiting.values());
    if (result.done) waiting.delete(index);
    else {
      waiting.set(index, next(index));
      yield { index, value: result.value };
    }
  }
}
