/**
 * Says at the beginning of a run on the CPU whether `deno task native` or `deno task fast` would be faster.
 *
 * @module
 */
import { blasLibraries } from "../../../kernels/engine/cpu/blas_libraries.ts";
import { hasBoundsChecks } from "../../../kernels/engine/cpu/tiles.ts";
import { readTextSync } from "../../../stages/disk/files.ts";
import { isFileSync } from "../../../stages/disk/whole_files.ts";

/**
 * Training speed relative to plain WASM, from the table of bench/README.md: the slowest and the fastest of
 * three models on 2 cores of an Intel Xeon.
 */
export const speedups = { native: [2.5, 4], fast: [2, 2.1] } as const;

/** What decides which hints are shown. */
export interface SpeedFacts {
  readonly engine: "webgpu" | "cpu" | "reference";
  /** The engine's description of its device, which names the BLAS that it uses. */
  readonly device: string;
  /** Operating system and processor, as in `Deno.build`. */
  readonly os: string;
  readonly arch: string;
  /** Whether this process may call native code, as under `deno task native`. */
  readonly native: boolean;
  /** Whether WASM's bounds checks are off, as under `deno task fast`. */
  readonly fast: boolean;
  /** Path of the machine's BLAS; null if none was found. */
  readonly blas: string | null;
  /** Whether the processor has AVX2; null if that is not known. */
  readonly avx2: boolean | null;
  /** Values of the run's options. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What the run does; the factors were measured on training. */
  readonly work: SpeedWork;
  /** The command after "deno task pipeline", as it was typed. */
  readonly typed: string;
}

/** Work on the CPU engine that a faster matrix product shortens. */
export type SpeedWork = "training" | "sampling" | "evaluation";

/**
 * Kernels that OpenBLAS uses on a processor that it does not know, such as one that is newer than the
 * library. They use no AVX and are slower than this project's WASM: 5,167 against 6,809 tokens/s (model
 * "small" of bench/peers.ts, OpenBLAS 0.3.21 on an Intel Xeon of 2023); with the right kernels, 21,000.
 */
const unknownProcessor = "(Prescott)";

/**
 * Returns lines that say what would be faster, and what to type; there are none if the run prints no progress
 * or uses a GPU, a fast BLAS or the flags of `deno task fast`.
 */
export function speedHints(facts: SpeedFacts): string[] {
  const { engine, device, native, fast, blas, avx2, values, work, typed, os, arch } = facts;
  if (engine !== "cpu" || values.quiet === true || values.json === true) return [];
  if (device.includes(unknownProcessor) && avx2 !== false) {
    const change = `OpenBLAS does not know this processor, which makes ${work} slow`;
    return [
      `${change}; if it has AVX2 (for AVX-512: SkylakeX), type: OPENBLAS_CORETYPE=Haswell deno task native ${typed}`,
    ];
  }
  if (native || fast) return [];
  const speed = (task: keyof typeof speedups): string => {
    if (task === "native" && os === "darwin") return "faster (by how much has not been measured on macOS)";
    return work === "training" ? `${times(task)} as fast` : `faster (training: ${times(task)} as fast)`;
  };
  const hints: string[] = [];
  const subject = capitalized(work);
  // Products with quantised weights are WASM's own; a BLAS has no part in them.
  const isQuantized = values.weights === "stored" && /\.gguf$/i.test(String(values.checkpoint));
  if (values.blas === "auto" && !isQuantized) {
    const change = blas !== null
      ? `${subject} would be ${speed("native")} with this machine's BLAS (${blas})`
      : `With OpenBLAS installed (libopenblas0 on Debian), ${work} would be ${speed("native")}`;
    hints.push(`${change}: deno task native ${typed}`);
  }
  const known = blas !== null && hints.length > 0; // BLAS is the faster of the two, and needs no warning
  if (!known && arch === "x86_64" && avx2 !== false && !readsUntrusted(values)) {
    const where = avx2 === null ? `If this processor has AVX2, ${work}` : subject;
    const change = `${where} would be ${speed("fast")} with WASM's bounds checks off`;
    hints.push(`${change}, so only on text that you trust: deno task fast ${typed}`);
  }
  return hints;
}

/** Returns the facts about this machine and process. */
export function speedFacts(
  { engine, device, values, work, typed }: Pick<
    SpeedFacts,
    "engine" | "device" | "values" | "work" | "typed"
  >,
): SpeedFacts {
  const { os, arch } = Deno.build;
  return {
    engine,
    device,
    os,
    arch,
    native: Deno.permissions.querySync({ name: "ffi" }).state === "granted",
    fast: !hasBoundsChecks(),
    blas: blasLibraries(os).flatMap(({ files }) => files).find(isThere) ?? null,
    avx2: avx2Of(cpuInfo()),
    values,
    work,
    typed,
  };
}

/**
 * Returns whether the processor described by Linux's /proc/cpuinfo has AVX2, or null without a description.
 */
export function avx2Of(cpuInfo: string | null): boolean | null {
  return cpuInfo === null ? null : /^flags\s*:.*\bavx2\b/m.test(cpuInfo);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function times(task: keyof typeof speedups): string {
  const [least, most] = speedups[task];
  return `${least} to ${most} times`;
}

/**
 * Returns whether a value names a source on the network, or standard input, to which anything may be piped.
 */
function readsUntrusted(values: SpeedFacts["values"]): boolean {
  return Object.values(values).flat().some((value) =>
    typeof value === "string" && (value === "-" || /^(https?|hf|s3):/i.test(value))
  );
}

function isThere(path: string): boolean {
  try {
    return isFileSync(path);
  } catch {
    return false; // without permission to look
  }
}

/** Returns Linux's description of the processor, or null where it cannot be read, which takes --allow-all. */
function cpuInfo(): string | null {
  try {
    return readTextSync("/proc/cpuinfo");
  } catch {
    return null;
  }
}
