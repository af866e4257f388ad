/**
 * Overhead of the runner: five stages that do almost nothing, connected in several ways. An iteration passes
 * 20,000 items through 5 stages, so its time divided by 100,000 is the cost per stage and item: an
 * iteration of 100 µs means 1 ns.
 *
 * @module
 */
import { asSource } from "../stages/flow/as_source.ts";
import { asTransform } from "../stages/flow/as_transform.ts";
import { type Flow, from } from "../stages/flow/flow.ts";
import { MemoryCheckpoints } from "../stages/flow/checkpoint/memory_checkpoints.ts";
import { map, rule, type Stage } from "../stages/flow/stage.ts";

const ITEMS = 20_000;
const STAGES = ["a", "b", "c", "d", "e"];

const numbers = asSource("numbers", function* () {
  for (let i = 0; i < ITEMS; i++) yield i;
});

function connected(make: (name: string) => Stage<number, number>, ahead = 0): Flow<number> {
  return STAGES.reduce((flow, name) => flow.pipe(make(name), { ahead }), from(numbers));
}

const plain = (name: string) => map(name, (x: number) => x + 1);
const keepAll = (name: string) => rule<number>(name, () => null);
const generator = (name: string): Stage<number, number> => ({
  name,
  open: () => null,
  *push(item) {
    yield item + 1;
  },
});
const promise = (name: string) => map(name, (x: number) => Promise.resolve(x + 1));
const asyncGenerator = (name: string): Stage<number, number> => ({
  name,
  open: () => null,
  async *push(item) {
    yield item + 1;
  },
});

/** Sums all items, and throws if the sum shows that items were lost. */
async function consume(stream: AsyncIterable<number>): Promise<void> {
  let sum = 0;
  for await (const item of stream) sum += item;
  if (sum < ITEMS) throw new Error(`Lost items: their sum is only ${sum}`);
}

const group = "20,000 items through 5 stages";

Deno.bench("pipeThrough, TransformStream", { group, baseline: true }, async () => {
  let stream: ReadableStream<number> = ReadableStream.from(numbers.read({ next: 0 }, unused()));
  for (const _ of STAGES) {
    stream = stream.pipeThrough(
      new TransformStream({ transform: (item: number, controller) => controller.enqueue(item + 1) }),
    );
  }
  await consume(stream);
});

Deno.bench("async generators, for await", { group }, async () => {
  async function* step(items: AsyncIterable<number>): AsyncGenerator<number> {
    for await (const item of items) yield item + 1;
  }
  async function* begin(): AsyncGenerator<number> {
    for (let i = 0; i < ITEMS; i++) yield i;
  }
  await consume(STAGES.reduce<AsyncGenerator<number>>((items) => step(items), begin()));
});

Deno.bench("flow, map", { group }, async () => void await connected(plain).run());
Deno.bench("flow, rule", { group }, async () => void await connected(keepAll).run());
Deno.bench("flow, generator", { group }, async () => void await connected(generator).run());
Deno.bench("flow, map, a barrier every 1,000", { group }, async () => {
  await connected(plain).run({ checkpoints: new MemoryCheckpoints() });
});
Deno.bench("flow, map of promises", { group }, async () => void await connected(promise).run());
Deno.bench("flow, async generator", { group }, async () => void await connected(asyncGenerator).run());
Deno.bench(
  "flow, map, ahead 8 between all stages",
  { group },
  async () => void await connected(plain, 8).run(),
);
Deno.bench("flow, map, as a stream", { group }, async () => await consume(connected(plain).stream()));
Deno.bench("asTransform in a pipe chain", { group }, async () => {
  let stream: ReadableStream<number> = ReadableStream.from(numbers.read({ next: 0 }, unused()));
  for (const name of STAGES) stream = stream.pipeThrough(asTransform(plain(name)));
  await consume(stream);
});

/** Returns a context for `numbers`, which does not use it. */
function unused(): any {
  return null;
}
