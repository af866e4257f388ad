/**
 * Bench files run by hand: what they register with `Deno.bench`, and how long it takes. `deno bench --json` gives no
 * medians, and means are what a busy machine spoils.
 *
 * @module
 */

/** A bench's times. */
export type Measured =
  & Readonly<{ file: string; group: string | null; name: string; baseline: boolean; work: Work }>
  & (Times | Readonly<{ error: string }>);

/** What one iteration does, where its name says so: a page divides it by the median. */
export type Work = Readonly<{ GFLOP?: number; MB?: number; tokens?: number }>;

/** Of one iteration. */
export type Times = Readonly<
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

const BUDGET = 1000; // milliseconds of iterations, where a bench does not say how many
const LEAST = 5, MOST = 10_000; // iterations
const WARM_UP = 3; // iterations, where a bench does not say how many

/** What a file registers when it is loaded. */
export async function collect(file: URL): Promise<readonly Deno.BenchDefinition[]> {
  const found: Deno.BenchDefinition[] = [];
  const original = Deno.bench;
  Deno.bench = Object.assign((...args: readonly unknown[]) => void found.push(definitionOf(args)), original);
  try {
    await import(file.href);
  } finally {
    Deno.bench = original;
  }
  return found.filter(({ ignore }) => ignore !== true);
}

/** Runs one bench. What it throws is in the result. */
export async function measure(file: string, bench: Deno.BenchDefinition): Promise<Measured> {
  const { name, group = null, baseline = false } = bench,
    about = { file, group, name, baseline, work: workIn(name) };
  try {
    for (let i = 0; i < (bench.warmup ?? WARM_UP); i++) await iteration(bench);
    const times: number[] = [];
    for (let spent = 0; times.length < (bench.n ?? MOST);) {
      const taken = await iteration(bench);
      times.push(taken);
      spent += taken;
      if (bench.n === undefined && spent > BUDGET && times.length >= LEAST) break;
    }
    return { ...about, ...summary(times) };
  } catch (error) {
    return { ...about, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Milliseconds of one iteration, or of what it marks with start and end. */
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

/** "wasm, 1.21 GFLOP, 24 MB" → { GFLOP: 1.21, MB: 24 } */
function workIn(name: string): Work {
  const found = [...name.matchAll(/\b(\d+(?:\.\d+)?) (GFLOP|MB|tokens)\b/g)];
  return Object.fromEntries(
    found.map(([, amount, unit]) => [unit, Number(amount)] as const).filter(([, n]) => n > 0),
  );
}

function summary(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => { // between two neighbours, as spreadsheets do
    const place = share * (sorted.length - 1), low = Math.floor(place), high = Math.ceil(place);
    return nanoseconds(sorted[low] + (sorted[high] - sorted[low]) * (place - low));
  };
  return {
    unit: "ns",
    iterations: times.length,
    median: at(0.5),
    mean: nanoseconds(times.reduce((a, b) => a + b, 0) / times.length),
    min: at(0),
    max: at(1),
    p25: at(0.25),
    p75: at(0.75),
  };
}

function nanoseconds(milliseconds: number): number {
  return Math.round(1e6 * milliseconds);
}

/** The forms that `Deno.bench` is called in: (definition), (options, fn), (name, fn), (name, options, fn). */
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
