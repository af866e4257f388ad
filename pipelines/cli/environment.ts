/**
 * What a pipeline's functions get beside their values.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import { largestPack, openEngine } from "../../kernels/engine/open.ts";
import type { StageSnapshot } from "../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import type { Env } from "./pipeline.ts";
import { tuningFile } from "./webgpu_tuning_cache.ts";

/** What an environment is made from. */
export interface EnvironmentOptions {
  readonly values: Readonly<Record<string, unknown>>;
  readonly out: string;
  readonly resumed: boolean;
  /** See `Env`. Default: none. */
  readonly skippedBatches?: ReadonlyMap<number, string>;
  readonly signal: AbortSignal;
  /** See `Env`. Default: 100 columns, plain. */
  readonly terminal?: Env["terminal"];
  emit(event: RunEvent): void;
  print(text: string): void;
  /** See `Env`. Default: nobody is told. */
  onSaved?(listener: (parts: ReadonlyMap<string, StageSnapshot> | null) => void): void;
}

/** Makes one; the engine is opened when it is first asked for, once. */
export function environment(options: EnvironmentOptions): Env {
  const { values, emit } = options;
  const workers = workersOf(values);
  let engine: Promise<Engine> | null = null;
  const open = async (): Promise<Engine> => {
    const { engine, why } = await openEngine(String(values.device), {
      threads: workers,
      blas: String(values.blas),
      tune: typeof values.tune === "string"
        ? { store: tuningFile(values.tune), report: (text) => emit({ type: "note", text: `tune: ${text}` }) }
        : "off",
      half: values.dtype === "f16",
    });
    emit({ type: "note", text: `device ${engine.name}: ${engine.device}: ${why}` });
    emit({ type: "run", pipeline: "", device: `${engine.name}: ${engine.device}` });
    return engine;
  };
  const dry = values.dryRun === true;
  return {
    engine: () => engine ??= dry ? Promise.resolve(unopened) : open(),
    largestPack: () => largestPack(String(values.device)),
    out: options.out,
    seed: Number(values.seed),
    workers,
    dry,
    resumed: options.resumed,
    skippedBatches: options.skippedBatches ?? new Map(),
    signal: options.signal,
    terminal: options.terminal ?? { columns: 100, color: false },
    emit,
    print: options.print,
    onSaved: (listener) => options.onSaved?.(listener),
  };
}

/** What --dry-run builds with: it starts no threads, and plans also what this machine has no device or memory for. */
const unopened: Engine = {
  name: "reference",
  device: "none, for --dry-run",
  open: () => Promise.reject(new TypeError("Cannot compute during --dry-run")),
};

/** `--workers` as a number. */
export function workersOf(values: Readonly<Record<string, unknown>>): number {
  return typeof values.workers === "number" ? values.workers : Math.max(1, navigator.hardwareConcurrency);
}
