/** Tests checkpoints that are asked for while a flow runs. @module */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { CheckpointRequest } from "../../../stages/flow/checkpoint_request.ts";
import { from } from "../../../stages/flow/flow.ts";
import { map, stage, takeCheckpoint } from "../../../stages/flow/stage.ts";
import { beforeDeadline } from "../../deadline.ts";

/** Runs a sum over 20 numbers; `asksAt` are numbers at which checkpoints are asked for, twice each. */
async function run(
  asksAt: readonly number[],
  { takes, from: begin = null }: { takes: boolean; from?: Parameters<typeof checkpointsFrom>[0] },
) {
  const checkpointRequest = new CheckpointRequest(), checkpoints = checkpointsFrom(begin);
  const out: number[] = [];
  const flow = from(asSource("numbers", () => Array.from({ length: 20 }, (_, i) => i)))
    .pipe(map("double", (x: number) => 2 * x), { ahead: 3 })
    .pipe(stage({
      name: "sum",
      ...(takes && { takesCheckpoints: true }),
      open: (_ctx, saved: { total: number } = { total: 0 }) => saved,
      *push(item: number, state) {
        if (asksAt.includes(item / 2)) {
          checkpointRequest.make();
          checkpointRequest.make();
        }
        yield state.total += item;
        if (takes && item === 20) yield takeCheckpoint;
      },
    }))
    .pipe(map("out", (x: number) => void out.push(x)));
  await beforeDeadline(flow.run({ checkpoints, checkpointRequest, barrierEvery: 1000 }));
  return { out, all: checkpoints.all };
}

function checkpointsFrom(begin: MemoryCheckpoints["all"][number] | null): MemoryCheckpoints {
  return new MemoryCheckpoints(begin);
}

for (const takes of [true, false]) {
  const what = takes ? "a stage that takes checkpoints" : "the source";
  Deno.test(`a checkpoint that is asked for is taken once, at ${what}, and a run resumes from it`, async () => {
    const plain = await run([], { takes }), asked = await run([4, 7], { takes });
    deepStrictEqual(asked.out, plain.out);
    strictEqual(asked.all.length, plain.all.length + 2);
    for (const begin of asked.all) {
      const rest = await run([], { takes, from: begin });
      deepStrictEqual(rest.out, plain.out.slice(plain.out.length - rest.out.length));
    }
    if (takes) {
      // One that coincides with a regular checkpoint is not taken a second time.
      strictEqual((await run([10], { takes })).all.length, plain.all.length);
      strictEqual((await run([], { takes, from: asked.all[0] })).out.length, 15);
    }
  });
}
