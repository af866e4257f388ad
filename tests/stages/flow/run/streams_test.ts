import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { asStage } from "../../../../stages/flow/as_stage.ts";
import { asTransform } from "../../../../stages/flow/as_transform.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { map, rule, type Stage, stage } from "../../../../stages/flow/stage.ts";
import { TextLineStream } from "../../../../stages/flow/std.ts";

const chunks = ["one\ntw", "o\nthree", "\nfour\n", "", "fi", "ve"];
const lines = ["one", "two", "three", "four", "five"];

Deno.test("asStage() runs any transform stream and flushes it at the end", async () => {
  const flow = from(asSource("chunks", () => chunks))
    .pipe(asStage("encode", () => new TextEncoderStream()))
    .pipe(asStage("decode", () => new TextDecoderStream()))
    .pipe(asStage("lines", () => new TextLineStream()));
  deepStrictEqual(await Array.fromAsync(flow.stream()), lines);
  deepStrictEqual(await Array.fromAsync(flow.stream()), lines, "a second run makes new streams");
});

Deno.test("asStage() passes on the output of a chunk before it takes the next chunk", async () => {
  const log: string[] = [];
  const burst = () =>
    new TransformStream<number, string>({
      async transform(item, controller) {
        log.push(`in ${item}`);
        for (let i = 0; i < 3; i++) {
          await new Promise((resolve) => setImmediate(resolve));
          controller.enqueue(`${item}${i}`);
        }
      },
    });
  await from(asSource("numbers", () => [1, 2])).pipe(asStage("burst", burst))
    .pipe(map("out", (text) => void log.push(text))).run();
  deepStrictEqual(log, ["in 1", "10", "11", "12", "in 2", "20", "21", "22"]);
});

Deno.test("asStage() fails when the stream fails at a chunk or at the end", async () => {
  const fail = (at: "transform" | "flush") =>
    asStage<number, number>(at, () =>
      new TransformStream({
        transform(item, controller) {
          if (at === "transform" && item === 2) throw new Error("no twos");
          controller.enqueue(item);
        },
        flush() {
          if (at === "flush") throw new Error("no end");
        },
      }));
  const numbers = asSource("numbers", () => [1, 2, 3]);
  await rejects(from(numbers).pipe(fail("transform")).run(), /Stage transform failed on item 2: no twos/);
  await rejects(from(numbers).pipe(fail("flush")).run(), /Stage flush failed after item 3: no end/);
});

Deno.test("asTransform() pushes, flushes and closes a stage in a pipe chain", async () => {
  const closed: string[] = [];
  const pairs: Stage<string, string[]> = stage<string, string[], { held: string[] }>({
    name: "pairs",
    open: () => ({ held: [] }),
    *push(item, state) {
      state.held.push(item);
      if (state.held.length === 2) yield state.held.splice(0);
    },
    *flush(state) {
      if (state.held.length > 0) yield state.held;
    },
    close: () => void closed.push("pairs"),
  });
  const stream = ReadableStream.from(chunks)
    .pipeThrough(new TextLineStream())
    .pipeThrough(asTransform(rule<string>("no o", (line) => (line.startsWith("o") ? "o" : null))))
    .pipeThrough(asTransform(pairs));
  deepStrictEqual(await Array.fromAsync(stream), [["two", "three"], ["four", "five"]]);
  deepStrictEqual(closed, ["pairs"]);
});

Deno.test("asTransform() names the stage in the error of a chain, and closes it when the chain is cancelled", async () => {
  let closed = 0;
  const bad: Stage<number, number> = {
    name: "bad",
    open: () => null,
    *push(item) {
      if (item === 3) throw new Error("no threes");
      yield item;
    },
    close: () => void closed++,
  };
  const chain = () => ReadableStream.from([1, 2, 3, 4]).pipeThrough(asTransform(bad));
  await rejects(Array.fromAsync(chain()), /Stage bad failed on item 3: no threes/);
  strictEqual(closed, 1);
  for await (const item of chain()) if (item === 2) break;
  strictEqual(closed, 2);
});

Deno.test("a flow transforms a byte stream", async () => {
  const bytes = new Blob(["a,b\nc,d\n"]).stream();
  const flow = from(asSource("bytes", () => bytes))
    .pipe(asStage("decode", () => new TextDecoderStream()))
    .pipe(asStage("lines", () => new TextLineStream()))
    .pipe(map("swap", (line) => `${line.split(",").reverse()}\n`));
  strictEqual(await new Response(flow.stream().pipeThrough(new TextEncoderStream())).text(), "b,a\nd,c\n");
});
