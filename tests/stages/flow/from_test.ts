import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import { checkSource } from "../../../stages/flow/check_resume.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { from } from "../../../stages/flow/flow.ts";
import { type Stage, stage } from "../../../stages/flow/stage.ts";

const five = [1, 2, 3, 4, 5];

function* generated(): Generator<number> {
  yield* five;
}

async function* generatedLater(): AsyncGenerator<number> {
  yield* five;
}

Deno.test("from() reads arrays, iterables, async iterables, streams and sources", async () => {
  const flows = [
    from(five),
    from(new Set(five)),
    from(Uint32Array.from(five)),
    from(generated()),
    from(generatedLater()),
    from({ [Symbol.asyncIterator]: generatedLater }),
    from(ReadableStream.from(five)),
    from(asSource("five", () => five)),
    from<number>([...five], { name: "five" }),
  ];
  for (const flow of flows) deepStrictEqual(await Array.fromAsync(flow.stream()), five, flow.source.name);
  deepStrictEqual(flows.map(({ source }) => source.name).slice(-3), ["items", "five", "five"]);
});

Deno.test("from() resumes after every item where the items can be made again", async () => {
  await checkSource(() => from(five).source);
  await checkSource(() => from(new Map([[1, "a"], [2, "b"]])).source);
  await checkSource(() => from(generated()).source);
  await checkSource(() => from(generatedLater()).source);
  await checkSource(() => from([]).source);
});

Deno.test("from() continues an array at the item without reading those before it", async () => {
  const read: number[] = [];
  const watched = new Proxy([...five], {
    get(items, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) read.push(Number(key));
      return Reflect.get(items, key);
    },
  });
  const checkpoints = new MemoryCheckpoints(await stateAfter(3));
  deepStrictEqual(await Array.fromAsync(from(watched).stream({ checkpoints })), [4, 5]);
  deepStrictEqual(read, [3, 4]);
});

Deno.test("from() refuses to resume a ReadableStream, and says what to use", async () => {
  const checkpoints = new MemoryCheckpoints(await stateAfter(3));
  const error = await failureOf(from(ReadableStream.from(five)).run({ checkpoints }));
  ok(error.cause instanceof Deno.errors.NotSupported);
  match(
    error.message,
    /Cannot resume a ReadableStream after 3 items.*use from\(asSource\("items", \(\) => …\)\)/,
  );
  const again = from(asSource("items", () => ReadableStream.from(five)));
  deepStrictEqual(await Array.fromAsync(again.stream({ checkpoints })), [4, 5]);
});

Deno.test("from() refuses to read an iterator or a stream a second time", async () => {
  for (const once of [from(generated()), from(generatedLater()), from(ReadableStream.from(five))]) {
    await once.run();
    const error = await failureOf(once.run());
    ok(error.cause instanceof Deno.errors.NotSupported);
    match(error.message, /Cannot read the same (Async)?(Generator|ReadableStream) a second time/);
  }
  const twice = from(five);
  await twice.run();
  deepStrictEqual(await Array.fromAsync(twice.stream()), five);
});

Deno.test("from() and asSource() refuse to resume behind the end of the items", async () => {
  const short = [1, 2];
  for (
    const flow of [
      from(short),
      from(new Set(short)),
      from(asSource("items", () => ReadableStream.from(short))),
    ]
  ) {
    const error = await failureOf(flow.run({ checkpoints: new MemoryCheckpoints(await stateAfter(3)) }));
    ok(error.cause instanceof RangeError);
    match(error.message, /Cannot resume after 3 items: there are only 2/);
  }
});

Deno.test("from() throws a TypeError with a hint for everything else", () => {
  const untyped: (value: any) => unknown = from;
  const hints: readonly [unknown, RegExp][] = [
    [
      "notes.txt",
      /from the text "notes.txt": expected a Source, an array.*from\(await openSource\(\["notes.txt"\]\)\)/,
    ],
    [() => five, /from a function: .*from\(asSource\("name", f\)\)/],
    [Promise.resolve(five), /from Promise: .*await it first/],
    [new Response("text"), /from Response: .*body/],
    [{ length: 2 }, /from Object: expected a Source/],
    [null, /from null: /],
    [undefined, /from undefined: /],
    [5, /from 5: /],
  ];
  for (const [value, message] of hints) throws(() => untyped(value), { name: "TypeError", message });
});

Deno.test("from() cancels a stream when the flow wants no more or is aborted", async () => {
  for (const how of ["done", "abort"]) {
    const cancelled = Promise.withResolvers<string>();
    let next = 0;
    const stream = new ReadableStream<number>({
      pull: (controller) => controller.enqueue(next++),
      cancel: () => cancelled.resolve(how),
    });
    const abort = new AbortController();
    const run = from(stream).pipe(first(2, () => how === "abort" && abort.abort())).run({
      signal: abort.signal,
    });
    if (how === "abort") await rejects(run, { name: "AbortError" });
    else await run;
    strictEqual(await cancelled.promise, how);
  }
});

/** Returns the states of a run over `five` that was stopped after `count` items. */
async function stateAfter(count: number) {
  const checkpoints = new MemoryCheckpoints();
  await from(five).run({ checkpoints, barrierEvery: 1 });
  return checkpoints.all[count - 1];
}

function first(count: number, then: () => void): Stage<number, number> {
  return stage({
    name: "first",
    open: (_ctx, saved = { seen: 0 }) => saved,
    *push(item: number, state) {
      if (++state.seen === count) then();
      yield item;
    },
    done: (state) => state.seen >= count,
  });
}

async function failureOf(run: Promise<unknown>): Promise<Error> {
  const error = await run.then(() => null, (error: unknown) => error);
  ok(error instanceof Error, "the run should fail");
  return error;
}
