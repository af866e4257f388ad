/**
 * Runs the benches that a file registers with `Deno.bench`, and reports medians. `deno bench --json` reports
 * only means, which are distorted by other work on the machine.
 *
 * @module
 */

/** The result of one bench: its times, or its error. */
export type Measurement =
  & Readonly<{ file: string; group: string | null; name: string; baseline: boolean; work: Work }>
  & (TimeSummary | Readonly<{ error: string }>);

/** Work of one iteration, as stated in the bench's name. Divided by the median time, it gives a rate. */
export type Work = Readonly<{ GFLOP?: number; MB?: number; tokens?: number }>;

/** Statistics of the times per iteration. */
export type TimeSummary = Readonly<
  {
    unit: "ns";
    iterations: number;
    median: number;
    mean: number;
    min: number;
    max: number;
    p25: number;
    p75: number;
  }
>;

const BUDGET = 1000; // milliseconds per bench, if the bench does not set its number of iterations
const MIN_ITERATIONS = 5, MAX_ITERATIONS = 10_000;
const WARM_UP = 3; // iterations, if the bench does not set this number

/** Loads a file and returns the benches that it registers. */
export async function collect(file: URL): Promise<readonly Deno.BenchDefinition[]> {
  const benches: Deno.BenchDefinition[] = [];
  const original = Deno.bench;
  Deno.bench = Object.assign(
    (...args: readonly unknown[]) => void benches.push(definitionOf(args)),
    original,
  );
  try {
    await import(file.href);
  } finally {
    Deno.bench = original;
  }
  return benches.filter(({ ignore }) => ignore !== true);
}

/** Runs one bench. An error that it throws becomes part of the result. */
export async function measure(file: string, bench: Deno.BenchDefinition): Promise<Measurement> {
  const { name, group = null, baseline = false } = bench,
    about = { file, group, name, baseline, work: workIn(name) };
  try {
    for (let i = 0; i < (bench.warmup ?? WARM_UP); i++) await iteration(bench);
    const times: number[] = [];
    for (let spent = 0; times.length < (bench.n ?? MAX_ITERATIONS);) {
      const taken = await iteration(bench);
      times.push(taken);
      spent += taken;
      if (bench.n === undefined && spent > BUDGET && times.length >= MIN_ITERATIONS) break;
    }
    return { ...about, ...summary(times) };
  } catch (error) {
    return { ...about, error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Returns the time of one iteration in milliseconds, or of the part between its calls of start() and end().
 */
async function iteration({ fn, name }: Deno.BenchDefinition): Promise<number> {
  let from: number | null = null, to: number | null = null;
  const context: Deno.BenchContext = {
    name,
    origin: "",
    start: () => void (from = performance.now()),
    end: () => void (to = performance.now()),
  };
  const before = performance.now();
  await fn(context);
  const after = performance.now();
  return (to ?? after) - (from ?? before);
}

/** Parses the work in a name: "wasm, 1.21 GFLOP, 24 MB" → { GFLOP: 1.21, MB: 24 }. */
function workIn(name: string): Work {
  const found = [...name.matchAll(/\b(\d+(?:\.\d+)?) (GFLOP|MB|tokens)\b/g)];
  return Object.fromEntries(
    found.map(([, amount, unit]) => [unit, Number(amount)] as const).filter(([, n]) => n > 0),
  );
}

function summary(times: readonly number[]): TimeSummary {
  const sorted = times.toSorted((a, b) => a - b);
  const quantile = (fraction: number) => { // interpolated linearly between neighbouring times
    const place = fraction * (sorted.length - 1), low = Math.floor(place), high = Math.ceil(place);
    return nanoseconds(sorted[low] + (sorted[high] - sorted[low]) * (place - low));
  };
  return {
    unit: "ns",
    iterations: times.length,
    median: quantile(0.5),
    mean: nanoseconds(times.reduce((a, b) => a + b, 0) / times.length),
    min: quantile(0),
    max: quantile(1),
    p25: quantile(0.25),
    p75: quantile(0.75),
  };
}

function nanoseconds(milliseconds: number): number {
  return Math.round(1e6 * milliseconds);
}

/** Reads the arguments of `Deno.bench`: (definition), (options, fn), (name, fn) or (name, options, fn). */
function definitionOf(args: readonly unknown[]): Deno.BenchDefinition {
  const parts: Record<string, unknown> = {};
  for (const arg of args) {
    if (typeof arg === "string") parts.name = arg;
    else if (typeof arg === "function") Object.assign(parts, { name: parts.name ?? arg.name, fn: arg });
    else Object.assign(parts, arg);
  }
  if (isDefinition(parts)) return parts;
  throw new TypeError(`Cannot register a bench without a name and a function: ${Deno.inspect(parts)}`);
}

function isDefinition(parts: object): parts is Deno.BenchDefinition {
  return "name" in parts && typeof parts.name === "string" && "fn" in parts && typeof parts.fn === "function";
}
