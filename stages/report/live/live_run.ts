/**
 * One run as a live page shows it: its events so far, its configuration, and samples of what was dropped.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readIfThere } from "../../disk/whole_files.ts";
import { isRecord, type Json } from "../../disk/json.ts";
import { decodeEvent } from "../../flow/event_json.ts";
import type { NoteEvent, RunStartEvent, StageEvent } from "../../flow/events.ts";
import { RemovedReader, type RemovedSample } from "../removed_samples.ts";
import type { PageRun } from "../report.ts";
import { RunDigest } from "../run_digest.ts";
import { LineFollower } from "./line_follower.ts";
import { Notice } from "./notice.ts";

/** Milliseconds between readings of the configuration, and of dropped documents, which are compressed. */
const REFRESH_EVERY = 10_000;

/** An event that a live page shows before it is a line of metrics.jsonl, or in place of one. */
export type LiveEvent = StageEvent | NoteEvent | RunStartEvent;

/** Kinds of events on which sums over stages and documents depend. */
const stated: ReadonlySet<string> = new Set(["run", "stage", "survey", "words", "eval"]);

/** Notes that are shown before metrics.jsonl has them: the newest. */
const MOST_NOTES = 20;

/** A run's folder that is followed. */
export class LiveRun {
  readonly follower: LineFollower;
  #digest = new RunDigest();
  #record: Readonly<Record<string, Json>> = {};
  #tokenizer: string | undefined;
  #looked = -Infinity;
  #changes = 0;
  readonly #removed: RemovedReader | null;
  #samples: readonly RemovedSample[] = [];
  #sampled = -Infinity; // end of the last reading of dropped documents
  #isSampling = false;
  readonly #now = new Map<string, StageEvent>();
  #early: (NoteEvent | RunStartEvent)[] = []; // until metrics.jsonl has them
  readonly #notice = new Notice();

  /**
   * Follows `<folder>/metrics.jsonl`; `name` is how pages call the run, and `removedFolder` holds its dropped
   * documents (null: none are shown).
   */
  constructor(
    readonly name: string,
    readonly folder: string,
    removedFolder: string | null = `${folder}/removed`,
  ) {
    this.#removed = removedFolder === null ? null : new RemovedReader(removedFolder);
    this.follower = new LineFollower(`${folder}/metrics.jsonl`, {
      line: (text) => {
        const event = decodeEvent(text);
        if (event === null) return;
        if (event.type === "stage") this.#now.delete(event.name);
        if (event.type === "run") this.#early = []; // its notes follow
        if (stated.has(event.type)) this.#changes++;
        this.#digest.add(event);
      },
      reset: () => {
        this.#digest = new RunDigest();
        this.#now.clear();
        this.#changes++;
      },
    });
  }

  /**
   * Takes an event that is not in metrics.jsonl yet: counts of a stage, which has a line only every ten
   * seconds, and what a run says of itself and notes before it has begun.
   */
  takeNow(event: LiveEvent): void {
    if (event.type === "stage") this.#now.set(event.name, event);
    else {
      const notes = this.#early.filter(({ type }) => type === "note").slice(1 - MOST_NOTES);
      const starts = this.#early.filter(({ type }) => type === "run");
      this.#early = event.type === "run" ? [event, ...notes] : [...starts, ...notes, event];
    }
    this.#notice.give();
  }

  /**
   * Counts what may have changed the sums over stages and documents: lines of steps, which are most lines, do
   * not.
   */
  get changes(): number {
    return this.#changes;
  }

  /** Resolves when `takeNow()` is called or samples have been read, or when the signal is aborted. */
  nowChanged(signal: AbortSignal): Promise<void> {
    return this.#notice.wait(signal);
  }

  /** Counts of stages that are newer than their last line, and what metrics.jsonl does not have yet. */
  get now(): readonly LiveEvent[] {
    return [...this.#early, ...this.#now.values()];
  }

  /** Does what `look()` and `readRemoved()` do; `removedNow` is the `now` of the latter. */
  async refresh({ removedNow = false }: { readonly removedNow?: boolean } = {}): Promise<void> {
    await this.look();
    await this.readRemoved({ now: removedNow });
  }

  /** Reads the configuration and what was appended. */
  async look(): Promise<void> {
    this.#looked = Date.now();
    this.#changes++;
    await this.follower.poll();
    if (this.follower.isGone) return; // what was read stays
    this.#record = await recordIn(this.folder);
    this.#tokenizer ??= await tokenizerHash(this.folder);
  }

  /**
   * Reads dropped documents if the last reading is ten seconds old, or at any time with `now`. It may take
   * seconds. Does nothing while another reading is under way. Throws the signal's reason once it is aborted,
   * and the errors of reading.
   */
  async readRemoved(
    { now = false, signal }: { readonly now?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const isDue = now || Date.now() - this.#sampled >= REFRESH_EVERY;
    if (this.#removed === null || !isDue || this.#isSampling || this.follower.isGone) return;
    this.#isSampling = true;
    try {
      this.#samples = await this.#removed.read(signal);
      this.#changes++;
      this.#notice.give();
    } finally {
      this.#isSampling = false;
      this.#sampled = Date.now();
    }
  }

  /** Reads what was appended, and now and then the configuration: at once while it is missing. */
  async follow(): Promise<void> {
    const isNew = Object.keys(this.#record).length === 0;
    if (isNew || Date.now() - this.#looked >= REFRESH_EVERY) await this.look();
    else await this.follower.poll();
  }

  /** What a page shows of the run; call `look()` or `refresh()` before. */
  get page(): PageRun {
    const { options } = this.#record;
    return {
      name: this.name,
      events: this.#digest.events(),
      counts: this.#digest.counts,
      options: isRecord(options) ? options : {},
      removed: this.#samples,
      tokenizer: this.#tokenizer,
      record: this.#record,
    };
  }
}

async function recordIn(folder: string): Promise<Readonly<Record<string, Json>>> {
  const text = await readIfThere(`${folder}/config.json`);
  if (text === null) return {};
  try {
    const record: Json = JSON.parse(text);
    return isRecord(record) ? record : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {}; // another program's file: the page does without it
    throw error;
  }
}

/** Returns the hash of a run's tokenizer, by which runs are compared; undefined if it has none. */
export async function tokenizerHash(folder: string): Promise<string | undefined> {
  for (const name of ["tokenizer.json", "meta.json"]) {
    const text = await readIfThere(`${folder}/tokenizer/${name}`);
    if (text !== null) return createHash("sha256").update(text).digest("hex");
  }
  return undefined;
}
