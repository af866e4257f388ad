import { rejects } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import { checkSource, checkStage } from "../../../stages/flow/check_resume.ts";
import { map, rule, type Source, type Stage, stage, takeCheckpoint } from "../../../stages/flow/stage.ts";

const numbers = Array.from({ length: 11 }, (_, i) => i);

function grouped(size: number): Stage<number, number[]> {
  return stage({
    name: "grouped",
    open: (_ctx, saved = { held: [] as number[] }) => saved,
    *push(item: number, state) {
      state.held.push(item);
      if (state.held.length === size) yield state.held.splice(0);
    },
    *flush(state) {
      if (state.held.length > 0) yield state.held;
    },
  });
}

Deno.test("checkStage() accepts stages that keep their memory in the state", async () => {
  await checkStage(grouped(3), numbers);
  await checkStage(map("double", (x: number) => 2 * x), numbers);
  await checkStage(rule("even", (x: number) => (x % 2 ? "odd" : null)), numbers);
});

Deno.test("checkStage() refuses a stage that keeps its memory in a closure", async () => {
  let held: number[] = [];
  const closure: Stage<number, number[]> = {
    name: "closure",
    open: () => {
      held = [];
      return null;
    },
    *push(item) {
      held.push(item);
      if (held.length === 3) yield held.splice(0);
    },
  };
  await rejects(
    checkStage(closure, numbers),
    /stage closure does not resume at checkpoint 1 of 11 \(after 0 outputs\)/,
  );
});

Deno.test("checkStage() refuses a state that JSON cannot hold or that JSON changes", async () => {
  const seen: Stage<number, number> = stage({
    name: "seen",
    open: (_ctx, saved = { seen: new Set<number>() }) => saved,
    *push(item: number, state) {
      if (state.seen.has(item % 4)) return;
      state.seen.add(item % 4);
      yield item;
    },
  });
  await rejects(checkStage(seen, numbers), /Cannot write Set at state\.seen as JSON/);
});

Deno.test("checkStage() detects a stage that does not save its whole state", async () => {
  // The saved state loses the count of items.
  const forgetful: Stage<number, number> = stage({
    name: "forgetful",
    open: (_ctx, saved = { sum: 0, items: 0 }) => saved,
    *push(item: number, state) {
      state.sum += item;
      state.items++;
      yield state.sum / state.items;
    },
    save: (state) => ({ sum: state.sum, items: 0 }),
  });
  await rejects(checkStage(forgetful, numbers), /stage forgetful does not resume/);
});

Deno.test("checkStage() accepts random numbers from ctx.rng", async () => {
  const noisy: Stage<number, number> = {
    name: "noisy",
    open: () => null,
    *push(item, _state, ctx) {
      yield item + ctx.rng.next();
      if (item % 3 === 0) yield ctx.rng.integer(1000);
    },
  };
  await checkStage(noisy, numbers, { seed: 7 });
});

Deno.test("checkStage() resumes a stage from the checkpoints that it takes", async () => {
  const counter: Stage<number, number> = stage({
    name: "counter",
    takesCheckpoints: true,
    open: (_ctx, saved = { sum: 0 }) => saved,
    *push(item: number, state) {
      state.sum += item;
      yield state.sum;
      if (item % 2 === 0) yield takeCheckpoint;
    },
  });
  await checkStage(counter, numbers);
});

Deno.test("checkSource() accepts sources that move the cursor before the yield", async () => {
  await checkSource(asSource("numbers", () => numbers));
  await checkSource(asSource("stream", () => ReadableStream.from(numbers)));
  await checkSource(
    asSource("endless", function* () {
      for (let i = 0;; i++) yield i;
    }),
    { limit: 20 },
  );
});

Deno.test("checkSource() refuses a source that repeats an item on resume", async () => {
  const repeats: Source<number> = {
    name: "repeats",
    open: (_ctx, saved = { line: 0 }) => saved,
    *read(state) {
      for (; state.line < numbers.length; state.line++) yield numbers[state.line];
    },
  };
  await rejects(
    checkSource(repeats),
    /source repeats does not resume at checkpoint 1 .*: output 1 is 0, expected 1/,
  );
});

Deno.test("checkStage() shows outputs to a depth of four objects", async () => {
  const nested: Stage<number, unknown> = {
    name: "nested",
    open: () => ({ item: 0 }),
    push: (_item, state: { item: number }) => [{ a: { b: { c: { d: { e: ++state.item } } } } }],
    save: () => null,
  };
  await rejects(
    checkStage(nested, [1, 2]),
    /output 1 is \{ a: \{ b: \{ c: \{ d: \{ e: 1 \} \} \} \} \}, expected/,
  );
});
