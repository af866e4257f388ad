/**
 * The current state of a run, computed from its events, as the terminal shows it.
 *
 * @module
 */
import type {
  EvalEvent,
  PreferenceEvent,
  RolloutEvent,
  RunEvent,
  StageEvent,
  StepEvent,
  TimingEvent,
} from "../flow/events.ts";

/** The limits at which a run ends; a limit that is absent does not apply. */
export interface RunLimits {
  /** Optimizer updates, over all resumes. */
  readonly steps?: number;
  /** Tokens of training, over all resumes. */
  readonly tokens?: number;
  /** Seconds of training, over all resumes. */
  readonly seconds?: number;
}

/** The item counts of a stage, and its recent throughput. */
export interface StageProgress {
  /** Name of the stage. */
  readonly name: string;
  /** Number of items that the stage has received. */
  readonly in: number;
  /** Number of items that the stage has passed on. */
  readonly out: number;
  /** Number of items that the stage has dropped. */
  readonly dropped: number;
  /**
   * Items per second, measured over about 3 seconds: output items, or input items if a stage has no output.
   */
  readonly perSecond: number;
  /** Fraction of about the last 3 seconds during which the stage worked, from 0 to 1. */
  readonly busy: number;
  /**
   * Name of the busiest earlier stage, if this stage spends more time waiting for input than working;
   * otherwise null.
   */
  readonly waitsFor: string | null;
}

const rateWindow = 3; // seconds over which rates are measured: less is noisy, more hides a stall
const stepWindow = 50; // steps over which the time left is estimated

/** Computes the state from the events that `add` is given. `now` returns the time in seconds. */
export class Progress {
  /** Name of the pipeline; empty before the run's first event. */
  title = "";
  /** Description of the device; empty if the run names none. */
  device = "";
  /** Number of the model's parameters; null before it is known. */
  parameters: number | null = null;
  /** Latest update; null before the first. */
  step: StepEvent | null = null;
  /** Latest evaluation; null before the first. */
  evaluation: EvalEvent | null = null;
  /** Answers of the latest update of reinforcement learning; null before the first. */
  rollout: RolloutEvent | null = null;
  /** Where its time went; null before the first. */
  timing: TimingEvent | null = null;
  /** Pairs of the latest update of preferences; null before the first. */
  preference: PreferenceEvent | null = null;
  /** Mean reward of each update of reinforcement learning, oldest first. */
  readonly rewards: number[] = [];
  /** Mean margin of each update of preferences, oldest first. */
  readonly margins: number[] = [];
  /** Path of the latest checkpoint; null before the first. */
  checkpoint: string | null = null;
  /** Loss of each update, oldest first. */
  readonly losses: number[] = [];
  readonly #stages = new Map<string, { at: number; event: StageEvent }[]>();
  readonly #steps: StepEvent[] = [];

  /** Starts with no events. */
  constructor(readonly limits: RunLimits, readonly now: () => number) {}

  /**
   * Returns whether an event says what an earlier one has said: the checkpoint of the last update is taken
   * again with the results of the stages after training.
   */
  repeats(event: RunEvent): boolean {
    return event.type === "checkpoint" && event.path === this.checkpoint;
  }

  /** Updates the state with an event. */
  add(event: RunEvent): void {
    switch (event.type) {
      case "run":
        this.title = event.pipeline;
        this.device = event.device ?? this.device;
        this.parameters = event.parameters ?? this.parameters;
        break;
      case "stage":
        this.#takeStage(event);
        break;
      case "step":
        this.step = event;
        this.losses.push(event.loss);
        this.#steps.push(event);
        if (this.#steps.length > stepWindow) this.#steps.shift();
        break;
      case "eval":
        this.evaluation = event;
        break;
      case "checkpoint":
        this.checkpoint = event.path;
        break;
      case "rollout":
        this.rollout = event;
        this.rewards.push(event.reward);
        break;
      case "preference":
        this.preference = event;
        this.margins.push(event.margin);
        break;
      case "timing":
        this.timing = event;
        break;
      case "hellaswag":
      case "task":
      case "card":
      case "sample":
      case "words":
      case "note":
      case "change":
      case "survey":
      case "tokens":
      case "lesson":
      case "done":
        break;
    }
  }

  /** Returns the states of all stages in the order of the flow. */
  stages(): StageProgress[] {
    const all: StageProgress[] = [];
    let busiest = { name: "", busy: 0 };
    for (const [name, history] of this.#stages) {
      const newest = history[history.length - 1];
      const oldest = history[0];
      const seconds = newest.at - oldest.at;
      const { event } = newest;
      const moved = (key: "in" | "out" | "busy" | "blocked") => event[key] - oldest.event[key];
      const items = event.out === 0 ? moved("in") : moved("out");
      const worked = moved("busy");
      const waited = moved("blocked");
      all.push({
        name,
        in: event.in,
        out: event.out,
        dropped: Object.values(event.dropped).reduce((sum, n) => sum + n, 0),
        perSecond: seconds > 0 ? items / seconds : 0,
        busy: seconds > 0 ? Math.min(1, worked / seconds) : 0,
        waitsFor: busiest.busy > 0 && waited > worked && waited > seconds / 2 ? busiest.name : null,
      });
      if (worked > busiest.busy) busiest = { name, busy: worked };
    }
    return all;
  }

  /** Number of updates so far. */
  get updates(): number {
    return this.step === null ? 0 : this.step.step + 1;
  }

  /** Seconds of the latest update on the device; 0 before the first. */
  get updateSeconds(): number {
    const [before, last] = this.#steps.slice(-2);
    if (last === undefined) return before === undefined ? 0 : before.tokens / before.tokensPerSecond;
    return (last.tokens - before.tokens) / last.tokensPerSecond;
  }

  /** Fraction of the run that is done, from 0 to 1; null if the run has no limit. */
  get fractionDone(): number | null {
    if (this.step === null) return null;
    const { steps, tokens, seconds } = this.limits;
    const shares = [
      steps === undefined ? 0 : this.updates / steps,
      tokens === undefined ? 0 : this.step.tokens / tokens,
      seconds === undefined ? 0 : this.step.elapsed / seconds,
    ];
    const known = steps !== undefined || tokens !== undefined || seconds !== undefined;
    return known ? Math.min(1, Math.max(...shares)) : null;
  }

  /** Seconds until the first limit, at the speed of the last 50 steps; null if it cannot be estimated. */
  get secondsLeft(): number | null {
    const [first, last] = [this.#steps[0], this.#steps[this.#steps.length - 1]];
    if (first === undefined || last.step <= first.step) return null;
    const pace = (last.elapsed - first.elapsed) / (last.step - first.step);
    const { steps, tokens, seconds } = this.limits;
    const each = [];
    if (steps !== undefined) each.push((steps - this.updates) * pace);
    if (tokens !== undefined) {
      each.push((tokens - last.tokens) / ((last.tokens - first.tokens) / (last.elapsed - first.elapsed)));
    }
    if (seconds !== undefined) each.push(seconds - last.elapsed);
    return each.length === 0 ? null : Math.max(0, Math.min(...each));
  }

  #takeStage(event: StageEvent): void {
    const at = this.now();
    const history = this.#stages.get(event.name) ?? [];
    if (history.length === 0) this.#stages.set(event.name, history);
    history.push({ at, event });
    while (history.length > 2 && at - history[1].at >= rateWindow) history.shift();
  }
}
