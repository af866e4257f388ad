/**
 * Writes a run's events to metrics.jsonl, the display, standard output under --json, and samples/.
 *
 * @module
 */
import { makeFolderSync } from "../disk/files.ts";
import { writeWholeSync } from "../disk/whole_files.ts";
import { encodeEvent } from "../flow/event_json.ts";
import type { RunEvent, RunStartEvent, StageEvent, SurveyEvent } from "../flow/events.ts";
import type { LiveEvent } from "../report/live/live_run.ts";
import { textWithPrompt } from "../report/event_lines.ts";
import type { MetricsFile } from "../report/metrics.ts";
import type { TensorboardFile } from "../report/tensorboard.ts";
import type { Display } from "../report/terminal.ts";

/** The outputs of a recorder other than files. */
export interface RecorderOutputs {
  readonly display: Display;
  /** Writes an event as one line of JSON to standard output; null without --json. */
  readonly json: ((line: string) => void) | null;
  /**
   * Receives what is not written yet, for the live page: counts of stages, and the "run" event and notes that
   * are held back. Default: nothing does.
   */
  live?(event: LiveEvent): void;
  /** Returns the seconds since an arbitrary fixed moment. */
  now(): number;
}

/** The files of a run's folder that events are written to. */
export interface RecorderFiles {
  readonly metrics: MetricsFile;
  /** The file for TensorBoard; null without --tensorboard. */
  readonly tensorboard: TensorboardFile | null;
  /** Folder of the sample texts. */
  readonly samples: string;
}

/** An event whose counts cover the whole run so far, so that a later event replaces it. */
type CumulativeEvent = StageEvent | SurveyEvent;

/** Seconds between two events of the same name in metrics.jsonl. The display gets every event. */
const cumulativeEvery = 10;

/**
 * Writes each event to all outputs. The "run" event is held back until the first event other than a note,
 * because its fields (device, parameters) become known one after another while the flow is built.
 */
export class Recorder {
  readonly #outputs: RecorderOutputs;
  #files: RecorderFiles | null = null;
  #start: RunStartEvent | null;
  readonly #waiting: RunEvent[] = [];
  readonly #written = new Map<string, number>();
  readonly #unwritten = new Map<string, CumulativeEvent>();

  constructor(start: RunStartEvent, outputs: RecorderOutputs) {
    this.#start = start;
    this.#outputs = outputs;
    outputs.display.show(start);
    outputs.live?.(start);
  }

  /** The "run" event while it is held back, then null. */
  get start(): RunStartEvent | null {
    return this.#start;
  }

  /** Starts writing to files. The events that are held back will be written to them as well. */
  openFiles(files: RecorderFiles): void {
    this.#files = files;
  }

  /** Records one event. */
  take(event: RunEvent): void {
    if (event.type === "run" && this.#start !== null) {
      this.#start = { ...this.#start, ...event, pipeline: this.#start.pipeline };
      this.#outputs.display.show(this.#start);
      this.#outputs.live?.(this.#start);
      return;
    }
    this.#outputs.display.show(event);
    if (this.#start !== null && (event.type === "note" || event.type === "change")) {
      this.#waiting.push(event);
      if (event.type === "note") this.#outputs.live?.(event);
      return;
    }
    this.#release();
    if (event.type === "stage" || event.type === "survey") this.#takeCumulative(event);
    else this.#write(event);
  }

  /** Writes all events that are held back, and `done` as the last line. */
  finish(done: RunEvent & { type: "done" }): void {
    this.#release();
    for (const event of this.#unwritten.values()) this.#write(event);
    this.#unwritten.clear();
    this.take(done);
  }

  #release(): void {
    if (this.#start === null) return;
    const held = [this.#start, ...this.#waiting.splice(0)];
    this.#start = null;
    for (const event of held) this.#write(event);
  }

  #takeCumulative(event: CumulativeEvent): void {
    const key = `${event.type} ${event.name}`;
    const last = this.#written.get(key);
    const now = this.#outputs.now();
    if (last === undefined || now - last >= cumulativeEvery) {
      this.#written.set(key, now);
      this.#unwritten.delete(key);
      this.#write(event);
    } else {
      this.#unwritten.set(key, event);
      if (event.type === "stage") this.#outputs.live?.(event);
    }
  }

  #write(event: RunEvent): void {
    this.#outputs.json?.(encodeEvent(event));
    if (this.#files === null) return;
    this.#files.metrics.append(event);
    this.#files.tensorboard?.append(event);
    if (event.type === "sample") {
      const path = `${this.#files.samples}/step-${String(event.step).padStart(6, "0")}.txt`;
      makeFolderSync(this.#files.samples);
      writeWholeSync(path, `${textWithPrompt(event)}\n`);
    }
  }
}
