/**
 * Makes the environment that a pipeline's functions get in addition to the option values.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import { gpuOf, type MachineProfile } from "../../../kernels/engine/machine_profile.ts";
import { largestPack, largestPackWithin, openEngine } from "../../../kernels/engine/open.ts";
import type { Leader } from "../../../kernels/engine/ranks/leader.ts";
import { rankEngine } from "../../../kernels/engine/ranks/rank_engine.ts";
import type { StageSnapshot } from "../../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { threadsOf } from "../distributed.ts";
import type { Env } from "../pipeline.ts";
import { type SpeedFacts, speedFacts, speedHints } from "./speed_hints.ts";
import { tuningFile } from "./tuning_file.ts";

/** The values that an environment is made from. Fields without a description are those of `Env`. */
export interface EnvironmentOptions {
  readonly values: Readonly<Record<string, unknown>>;
  /** Default: no option. */
  readonly given?: Env["given"];
  /** Default: none. */
  readonly machine?: MachineProfile | null;
  readonly out: string;
  /** Default: `out`. */
  readonly address?: string;
  readonly resumed: boolean;
  /** The conversation with the other processes of the run; default: there is one process. */
  readonly leader?: Leader | null;
  /** Called when another process has been asked to stop. */
  onOthersStop?(): void;
  /** Batches that training skips; default: none. */
  readonly skippedBatches?: ReadonlyMap<number, string>;
  readonly signal: AbortSignal;
  /** The terminal; default: 100 columns without colour. */
  readonly terminal?: Env["terminal"];
  emit(event: RunEvent): void;
  /** What hints say would be faster on the CPU, and the command as it was typed; default: no hints. */
  readonly speedHints?: Pick<SpeedFacts, "work" | "typed">;
  print(text: string): void;
  /** Adds a listener; default: listeners are never called. */
  onSaved?(listener: (parts: ReadonlyMap<string, StageSnapshot> | null) => void): void;
}

/** Makes an environment. */
export function environment(options: EnvironmentOptions): Env {
  const { values, emit, leader = null } = options;
  const workers = workersOf(values, leader);
  let engine: Promise<Engine> | null = null;
  const open = async (): Promise<Engine> => {
    const settings = { blas: String(values.blas), half: values.dtype === "f16" };
    const { engine: own, why } = await openEngine(String(values.device), {
      threads: workers,
      ...settings,
      tune: typeof values.tune === "string"
        ? { store: tuningFile(values.tune), report: (text) => emit({ type: "note", text: `tune: ${text}` }) }
        : "off",
    });
    const engine = leader === null ? own : rankEngine(own, {
      leader,
      request: {
        device: own.name === "webgpu" ? "webgpu" : "cpu",
        ...settings,
        ...(typeof values.workers === "number" && { threads: values.workers }),
      },
      order: values.reduce === "library" ? "library" : "tree",
      ...(options.onOthersStop !== undefined && { onStop: options.onOthersStop }),
    });
    emit({ type: "note", text: `device ${engine.name}: ${engine.device}: ${why}` });
    if (options.speedHints !== undefined) {
      const facts = speedFacts({ engine: engine.name, device: engine.device, values, ...options.speedHints });
      for (const text of speedHints(facts)) emit({ type: "note", text });
    }
    emit({ type: "run", pipeline: "", device: `${engine.name}: ${engine.device}` });
    return engine;
  };
  const { machine: profile = null } = options, computesOnCpu = values.device === "cpu";
  const dry = values.dryRun === true;
  return {
    engine: () => engine ??= dry ? Promise.resolve(dryRunEngine) : open(),
    given: options.given ?? (() => false),
    largestPack: () => {
      if (profile === null || computesOnCpu) return largestPack(String(values.device));
      return Promise.resolve(largestPackWithin(gpuOf(profile).limits));
    },
    machine: profile === null ? null : { profile, computesOnCpu },
    out: options.out,
    address: options.address ?? options.out,
    seed: Number(values.seed),
    workers,
    ranks: leader?.ranks.size ?? 1,
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

/**
 * Takes the place of the engine in a --dry-run, which may plan for a device or memory that this machine does
 * not have.
 */
const dryRunEngine: Engine = {
  name: "reference",
  device: "none, for --dry-run",
  open: () => Promise.reject(new TypeError("Cannot compute during --dry-run")),
};

/**
 * Returns the value of `--workers` as a number; `auto` means one worker per CPU core, divided among the
 * processes of the run on this machine.
 */
export function workersOf(values: Readonly<Record<string, unknown>>, leader: Leader | null): number {
  if (typeof values.workers === "number") return values.workers;
  return leader === null ? Math.max(1, navigator.hardwareConcurrency) : threadsOf(leader.ranks);
}
