/**
 * A run's metrics for TensorBoard. As with metrics.jsonl, a checkpoint saves the file's length and a resume
 * truncates the file to that length, so that no step is in the file twice.
 *
 * @module
 */
import type { Json } from "../flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../flow/events.ts";
import {
  type TensorboardEvent,
  tensorboardRecord,
  tensorboardVersion,
} from "../format/viewer/tensorboard_records.ts";
import { writeAllSync } from "../disk/exact_io.ts";
import { openFileSync } from "../disk/files.ts";
import { syncNameSync } from "../disk/folder_sync.ts";

/** A TensorBoard file that is open for appending. */
export class TensorboardFile {
  readonly #file: Deno.FsFile;
  #bytes: number;

  /** Opens or creates the file. Its content is kept until `restore` is called. */
  constructor(path: string) {
    this.#file = openFileSync(path, { read: true, write: true, create: true });
    syncNameSync(path); // the file may be new
    this.#bytes = this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** Writes an event's scalars, if it has any, without buffering. */
  append(event: RunEvent): void {
    const scalars = scalarsOf(event);
    if (scalars === null) return;
    const wallTime = Date.now() / 1000;
    if (this.#bytes === 0) this.#write(tensorboardVersion(wallTime));
    this.#write(tensorboardRecord({ wallTime, ...scalars }));
  }

  /** Syncs the file to disk and returns its length. */
  save(): { readonly bytes: number } {
    this.#file.syncDataSync();
    return { bytes: this.#bytes };
  }

  /** Truncates the file to a saved length; null empties the file. */
  restore(saved: Json): void {
    const bytes = saved !== null && typeof saved === "object" && "bytes" in saved ? Number(saved.bytes) : 0;
    this.#bytes = Math.min(bytes, this.#bytes);
    this.#file.truncateSync(this.#bytes);
    this.#file.seekSync(this.#bytes, Deno.SeekMode.Start);
  }

  /** Syncs and closes the file. */
  close(): void {
    this.#file.syncDataSync();
    this.#file.close();
  }

  #write(bytes: Uint8Array): void {
    writeAllSync(this.#file, bytes);
    this.#bytes += bytes.length;
  }
}

/**
 * Returns the number of updates so far and an event's scalars, keyed by tag, or null for an event without
 * scalars.
 */
function scalarsOf(event: RunEvent): Omit<TensorboardEvent, "wallTime"> | null {
  switch (event.type) {
    case "step":
      return {
        step: event.step + 1,
        scalars: {
          "loss/train": event.loss,
          "train/lr": event.lr,
          "train/grad_norm": event.gradNorm,
          "train/tokens_per_second": event.tokensPerSecond,
        },
      };
    case "eval": {
      const { step, valLoss, bitsPerByte } = event;
      const bits: Record<string, number> = bitsPerByte === undefined
        ? {}
        : { "eval/bits_per_byte": bitsPerByte };
      return { step, scalars: { "loss/validation": valLoss, ...bits } };
    }
    case "hellaswag": {
      const { step, accuracy, accuracyNorm } = event;
      return { step, scalars: { "eval/hellaswag": accuracy, "eval/hellaswag_norm": accuracyNorm } };
    }
    case "inspect": {
      const { step, parameters } = event;
      const scalars = parameters.flatMap(({ name, gradient, updateRatio }): [string, number][] => [
        [`grad_norm/${name}`, gradient.norm],
        ...(updateRatio === undefined ? [] : [[`update_ratio/${name}`, updateRatio] as [string, number]]),
      ]);
      return { step, scalars: Object.fromEntries(scalars) };
    }
    default:
      return null;
  }
}
