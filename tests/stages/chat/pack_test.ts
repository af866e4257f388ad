/**
 * Tests the stages that pack examples and make batches: what is counted, what is dropped, and that a resumed
 * run makes the same batches.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { pack } from "../../../stages/chat/pack.ts";
import { rowOf } from "../../../stages/chat/packed_row.ts";
import { batchOfRows, rowBatches } from "../../../stages/chat/row_batches.ts";
import type { Rendered } from "../../../stages/chat/template/template.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { from } from "../../../stages/flow/flow.ts";
import { repeat } from "../../../stages/source/repeat.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { checkSource, checkStage } from "../../../stages/flow/check_resume.ts";

/** An example of `length` ids that all are `id`, of which the last `trained` are trained on. */
function example(id: number, length: number, trained: number): Rendered {
  return {
    id: `${id}`,
    ids: new Uint32Array(length).fill(id),
    weights: Float32Array.from({ length }, (_, i) => Number(i >= length - trained)),
  };
}

Deno.test("pack() drops examples without answers, and counts those that it cuts", async () => {
  const events: RunEvent[] = [], size = 6;
  const run = async (overlong: "cut" | "drop") => {
    events.length = 0;
    const inputs = [
      example(1, 5, 0), // no answer
      example(2, 6, 1),
      example(3, 7, 3), // too long, an answer is left
      example(4, 7, 1), // too long, no answer is left
      example(5, 1, 1), // its only id is no target
    ];
    const rows: number[] = [];
    const seen = pack({ size, overlong });
    await from(inputs).pipe(seen).pipe({
      name: "collect",
      open: () => null,
      push: (row) => {
        rows.push(row.ids[0]);
        return [];
      },
    }).run({ onEvent: (event) => events.push(event) });
    const stage = events.findLast((event) => event.type === "stage" && event.name === "pack");
    return { rows: rows.sort(), dropped: stage?.type === "stage" ? stage.dropped : null };
  };
  deepEqual(await run("cut"), { rows: [2, 3], dropped: { no_answer: 2, no_answer_left: 1 } });
  deepEqual(events.some((event) => event.type === "note" && /1 example was cut to 6/.test(event.text)), true);
  deepEqual(await run("drop"), { rows: [2], dropped: { no_answer: 2, too_long: 2 } });
});

Deno.test("pack() says with its first group how many examples it cuts, for runs that never reach their input's end", async () => {
  const notes: string[] = [],
    inputs = [example(1, 9, 8), example(2, 5, 1), example(3, 9, 8), example(4, 9, 8)];
  const rows = from(inputs).pipe(pack({ size: 6, group: 2 })).stream({
    onEvent: (event) => event.type === "note" && notes.push(event.text),
  });
  for await (const _ of rows) break;
  deepEqual(notes[0], "1 example of the first 2 was cut to 6 tokens");
});

Deno.test("a document's first id is no target of the document before it", () => {
  const row = rowOf([example(1, 2, 2), example(2, 2, 2)], 5);
  const { inputs, targets, mask } = batchOfRows([row], { shape: [1, 2, 4] });
  const { segments } = batchOfRows([row], { shape: [1, 2, 4], segmented: true });
  deepEqual([...segments!], [0, 0, 2, 2, 0, 0, 0, 0]);
  deepEqual([...inputs], [1, 1, 2, 2, 0, 0, 0, 0]);
  deepEqual([...targets], [1, 2, 2, 0, 0, 0, 0, 0]);
  deepEqual([...mask], [1, 0, 1, 0, 0, 0, 0, 0]);
});

Deno.test("pack() and rowBatches() resume with the same batches", async () => {
  const inputs = Array.from({ length: 23 }, (_, i) => example(i + 1, 2 + i % 7, 1 + i % 2));
  for (const packing of ["none", "best-fit"] as const) {
    await checkStage(() => pack({ size: 9, group: 5, packing }), inputs);
  }
  const rows = inputs.map((one) => rowOf([one], 9));
  await checkStage(() => rowBatches([2, 2, 8]), rows);
});

Deno.test("repeat() reads a source again, and shuffles differ between passes", async () => {
  const inputs = Array.from({ length: 8 }, (_, i) => example(i + 1, 4, 1));
  const flow = from(repeat(asSource("inputs", () => inputs), 2)).pipe(pack({ size: 4, group: 8 }));
  const ids = (await Array.fromAsync(flow.stream())).map(({ ids }) => ids[0]);
  equal(ids.length, 16);
  deepEqual(ids.slice(0, 8).toSorted(), ids.slice(8).toSorted());
  equal(ids.slice(0, 8).join() === ids.slice(8).join(), false);
});

Deno.test("repeat() resumes in any pass", async () => {
  await checkSource(() => repeat(asSource("letters", () => ["a", "b", "c"]), 3));
});
