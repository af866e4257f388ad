import { deepStrictEqual, ok } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { map, type Stage, stage } from "../../../../stages/flow/stage.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { SlowCheckpoints } from "../slow_checkpoints.ts";

Deno.test("commit: checkpoints are written one after the other, the newest last, after a branch has ended before its queue was empty", async () => {
  const take: Stage<number, number> = stage({
    name: "take",
    open: (_ctx, saved = { taken: 0 }) => saved,
    push: (x: number, state) => (state.taken++, [x]),
    done: ({ taken }) => taken >= 2,
  });
  const checkpoints = new SlowCheckpoints(5), out: number[] = [];
  const flow = from(asSource("source", () => Array(20).keys()))
    .tee((branch) => branch.pipe(take, { ahead: 4 }))
    .pipe(map("out", (x) => out.push(x)));
  await beforeDeadline(flow.run({ checkpoints, barrierEvery: 1 }));
  deepStrictEqual(out, [...Array(20).keys()]);
  const positions = checkpoints.all.map((snapshots) => snapshots.get("source")?.counts?.out ?? 0);
  deepStrictEqual(positions.at(-1), 20);
  ok(new Set(positions).size === positions.length, `${positions}`);
});
