/**
 * The laws of stages and sources: cut anywhere, resume, and nothing shows.
 *
 * @module
 */
import { asSource } from "./as_source.ts";
import { from } from "./flow.ts";
import { MemoryCheckpoints } from "./checkpoint/memory_checkpoints.ts";
import type { StageSnapshot, TensorFile } from "./checkpoint/types.ts";
import type { Source, Stage } from "./stage.ts";
import { decodeState, encodeState } from "./checkpoint/state_json.ts";
import { AssertionError, equal } from "./std.ts";

/** How a law is tried. */
export interface CheckResumeOptions {
  /** The seed of `ctx.rng`. Default 0. */
  readonly seed?: number;
  /** Of a source, this many items at most. Default: all. */
  readonly limit?: number;
}

type Parts = ReadonlyMap<string, StageSnapshot>;
type Trace = Readonly<{ outs: readonly unknown[]; cuts: readonly { parts: Parts; outs: number }[] }>;

/**
 * Runs the stage over `inputs`, with a checkpoint after every input (or at every `cut`); then from each of them anew,
 * once with the states as they are and once after a turn through JSON. Outputs and last state must be those of the
 * run that nothing interrupted. Give a function where each run needs a stage of its own. Throws AssertionError, which
 * names the cut.
 */
export async function checkStage<In, Out>(
  stage: Stage<In, Out> | (() => Stage<In, Out>),
  inputs: readonly In[],
  options: CheckResumeOptions = {},
): Promise<void> {
  const make = typeof stage === "function" ? stage : () => stage;
  const name = make().name;
  await check(
    `stage ${name}`,
    (begin) => trace(asSource("law inputs", () => inputs), make(), { ...options, begin }),
  );
}

/**
 * Reads the source, with a checkpoint after every item; then from each of them anew. What comes must be what the
 * uninterrupted reading gave. Throws AssertionError, which names the cut.
 */
export async function checkSource<Out>(
  source: Source<Out> | (() => Source<Out>),
  options: CheckResumeOptions = {},
): Promise<void> {
  const make = typeof source === "function" ? source : () => source;
  const { limit = Infinity } = options;
  await check(`source ${make().name}`, (begin) => trace(make(), first(limit), { ...options, begin }));
}

async function check(what: string, run: (begin: Parts | null) => Promise<Trace>): Promise<void> {
  const whole = await run(null);
  compare(await run(null), whole, `The ${what} gives something else when run again`);
  for (const [i, { parts, outs }] of whole.cuts.entries()) {
    const rest = { outs: whole.outs.slice(outs), cuts: whole.cuts.slice(i) };
    const at = `at cut ${i + 1} of ${whole.cuts.length} (after ${outs} outputs)`;
    compare(await run(parts), rest, `The ${what} does not resume ${at}`);
    compare(await run(throughJson(parts)), rest, `The ${what} does not resume from JSON ${at}`);
  }
}

function compare(actual: Trace, expected: Trace, what: string): void {
  const place = expected.outs.findIndex((out, i) => !equal(actual.outs[i], out));
  if (place >= 0) {
    throw new AssertionError(
      `${what}: output ${place + 1} is ${show(actual.outs[place])}, expected ${show(expected.outs[place])}`,
    );
  }
  if (actual.outs.length > expected.outs.length) {
    throw new AssertionError(
      `${what}: ${actual.outs.length} outputs, expected ${expected.outs.length}: then comes ${
        show(actual.outs[expected.outs.length])
      }`,
    );
  }
  const last = states(actual.cuts.at(-1)), wanted = states(expected.cuts.at(-1));
  // A run that begins at the last checkpoint may take no other.
  if (actual.cuts.length > 0 && !equal(last, wanted)) {
    throw new AssertionError(`${what}: the last state is ${show(last)}, expected ${show(wanted)}`);
  }
}

/** States as JSON, so that a missing field and an undefined one are alike. */
function states(at: { parts: Parts } | undefined): unknown {
  const parts = [...at?.parts ?? []].map((
    [name, { state, rng }],
  ) => [name, encodeState(state, new Map()), rng]);
  return Object.fromEntries(parts.map(([name, ...part]) => [name, part]));
}

async function trace<In, Out>(
  source: Source<In>,
  stage: Stage<In, Out>,
  { begin, seed = 0 }: CheckResumeOptions & { begin: Parts | null },
): Promise<Trace> {
  const outs: unknown[] = [];
  const cuts: { parts: Parts; outs: number }[] = [];
  const checkpoints = new MemoryCheckpoints(begin);
  const flow = from(source).pipe(stage).pipe(collect<Out>(outs));
  await flow.run({
    seed,
    barrierEvery: 1,
    flushBarrierEvery: 1,
    checkpoints: {
      latest: () => checkpoints.latest(),
      async commit(barrier) {
        await checkpoints.commit(barrier);
        cuts.push({ parts: checkpoints.all.at(-1)!, outs: outs.length });
      },
    },
  });
  return { outs, cuts };
}

function collect<T>(outs: unknown[]): Stage<T, never> {
  return {
    name: "law outputs",
    open: () => null,
    push(item) {
      outs.push(structuredClone(item)); // a stage that goes on changing what it yielded must not go unseen
      return [];
    },
  };
}

function first<T>(limit: number): Stage<T, T, { seen: number }> {
  return {
    name: "law limit",
    open: (_ctx, saved = { seen: 0 }) => saved,
    push(item, state) {
      state.seen++;
      return [item];
    },
    done: (state) => state.seen >= limit,
  };
}

function throughJson(parts: Parts): Parts {
  const round = ([name, part]: [string, StageSnapshot]): [string, StageSnapshot] => {
    const files = new Map<string, TensorFile>();
    const json = JSON.stringify(encodeState(part.state, files));
    return [name, { ...part, state: decodeState(JSON.parse(json), files) as null }];
  };
  return new Map([...parts].map(round));
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 4, strAbbreviateSize: 80, breakLength: Infinity, compact: true });
}
