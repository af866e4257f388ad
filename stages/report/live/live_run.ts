/**
 * One run as a live page shows it: its events so far, its configuration, and samples of what was dropped.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readIfThere } from "../../disk/whole_files.ts";
import { isRecord, type Json } from "../../disk/json.ts";
import { decodeEvent } from "../../flow/event_json.ts";
import type { StageEvent } from "../../flow/events.ts";
import { type RemovedSample, removedSamples } from "../removed_samples.ts";
import type { PageRun } from "../report.ts";
import { RunDigest } from "../run_digest.ts";
import { LineFollower } from "./line_follower.ts";
import { Notice } from "./notice.ts";

const REMOVED_EVERY = 10_000; // milliseconds: dropped documents are read from compressed files

/** A run's folder that is followed. */
export class LiveRun {
  readonly follower: LineFollower;
  #digest = new RunDigest();
  #record: Readonly<Record<string, Json>> = {};
  #tokenizer: string | undefined;
  #removed: { at: number; samples: readonly RemovedSample[] } = { at: -Infinity, samples: [] };
  readonly #now = new Map<string, StageEvent>();
  readonly #notice = new Notice();

  /**
   * Follows `<folder>/metrics.jsonl`; `name` is how pages call the run, and `removedFolder` holds its dropped
   * documents (null: none are shown).
   */
  constructor(
    readonly name: string,
    readonly folder: string,
    readonly removedFolder: string | null = `${folder}/removed`,
  ) {
    this.follower = new LineFollower(`${folder}/metrics.jsonl`, {
      line: (text) => {
        const event = decodeEvent(text);
        if (event === null) return;
        if (event.type === "stage") this.#now.delete(event.name);
        this.#digest.add(event);
      },
      reset: () => {
        this.#digest = new RunDigest();
        this.#now.clear();
      },
    });
  }

  /**
   * Takes counts of a stage that are not in metrics.jsonl yet, where each stage has a line only every ten
   * seconds.
   */
  takeNow(event: StageEvent): void {
    this.#now.set(event.name, event);
    this.#notice.give();
  }

  /** Resolves when `takeNow()` is called, or when the signal is aborted. */
  nowChanged(signal: AbortSignal): Promise<void> {
    return this.#notice.wait(signal);
  }

  /** Counts of stages that are newer than their last line. */
  get now(): readonly StageEvent[] {
    return [...this.#now.values()];
  }

  /**
   * Reads the configuration and what was appended. Dropped documents are read if the last reading is ten
   * seconds old, or now with `removedNow`.
   */
  async refresh({ removedNow = false }: { readonly removedNow?: boolean } = {}): Promise<void> {
    await this.follower.poll();
    this.#record = await recordIn(this.folder);
    this.#tokenizer ??= await tokenizerHash(this.folder);
    const now = Date.now();
    if (this.removedFolder === null || !removedNow && now - this.#removed.at < REMOVED_EVERY) return;
    this.#removed = { at: now, samples: await removedSamples(this.removedFolder) };
  }

  /** What a page shows of the run; call `refresh()` before. */
  get page(): PageRun {
    const { options } = this.#record;
    return {
      name: this.name,
      events: this.#digest.events(),
      options: isRecord(options) ? options : {},
      removed: this.#removed.samples,
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
