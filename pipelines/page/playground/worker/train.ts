/**
 * Trains until the last update, and pauses, stops and takes samples in between.
 *
 * @module
 */
import { sampleTexts } from "../../../../stages/sample/sample_texts.ts";
import type { Answer } from "../protocol.ts";
import type { TrainingRun } from "../training/run.ts";
import { breathe, type Turns } from "./turns.ts";

const looks = 20; // evaluations with samples of a run, unless it is short
const sampleTokens = 120;
const restMs = 30; // time after which messages are looked at and events are sent

/** A person's wishes while a run goes on. */
export class TrainingControl {
  #paused: PromiseWithResolvers<void> | null = null;
  /** Aborted when the run is to end. */
  readonly stop: AbortController = new AbortController();

  /** Whether the run is to rest. */
  get paused(): boolean {
    return this.#paused !== null;
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }

  /** Ends the run, also one that rests. */
  end(): void {
    this.stop.abort();
    this.resume();
  }

  /** Resolves when the run may go on. */
  async ready(): Promise<void> {
    await this.#paused?.promise;
  }
}

/** Trains a run to its end. Other work on the model gets its turn between updates. */
export async function trainToEnd(
  run: TrainingRun,
  { control, turns, send }: {
    readonly control: TrainingControl;
    readonly turns: Turns;
    send(answer: Answer): void;
  },
): Promise<"done" | "stopped"> {
  const { steps } = run.settings, { signal } = control.stop;
  const every = Math.max(1, Math.ceil(steps / looks));
  await turns.take(() => look(run, send));
  send({ type: "state", state: "training" });
  while (!run.finished && !signal.aborted) {
    if (control.paused) {
      send({ type: "steps", events: await turns.take(() => run.drain()) });
      send({ type: "state", state: "paused" });
      await control.ready();
      if (!signal.aborted) send({ type: "state", state: "training" });
      continue;
    }
    await turns.take(() => updates(run, { every, send }));
    if (run.step % every === 0 || run.finished) {
      send({ type: "steps", events: await turns.take(() => run.drain()) });
      if (!signal.aborted) await turns.take(() => look(run, send));
    }
    await breathe();
  }
  send({ type: "steps", events: await turns.take(() => run.drain()) });
  return run.finished ? "done" : "stopped";
}

/**
 * Makes updates for a short time, at most up to the next look. Throws RangeError once a loss is NaN or
 * infinite.
 */
async function updates(
  run: TrainingRun,
  { every, send }: { readonly every: number; send(answer: Answer): void },
): Promise<void> {
  const events = [], end = performance.now() + restMs;
  do events.push(...await run.update()); while (
    performance.now() < end && !run.finished && run.step % every !== 0
  );
  if (events.length > 0) send({ type: "steps", events });
  const lost = events.find(({ loss }) => !Number.isFinite(loss));
  if (lost === undefined) return;
  throw new RangeError(
    `The loss is ${lost.loss} at update ${lost.step + 1}: choose a learning rate of at most ${
      (run.settings.lr / 10).toPrecision(1)
    }`,
  );
}

/** Evaluates and samples the model. */
async function look(run: TrainingRun, send: (answer: Answer) => void): Promise<void> {
  const { model, corpus: { tokenizer, train }, settings: { seed, context } } = run;
  send({ type: "eval", event: await run.evaluate() });
  const prompt = tokenizer.decode(train.subarray(0, 1));
  const { texts: [text] } = await sampleTexts(model, tokenizer, {
    prompt,
    maxTokens: sampleTokens,
    temperature: 0.8,
    topK: 40,
    seed,
    slide: Math.ceil(context / 2),
  });
  send({ type: "sample", step: run.step, text: prompt + text });
}
