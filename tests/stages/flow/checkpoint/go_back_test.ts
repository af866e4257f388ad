/**
 * Tests going back to an earlier checkpoint.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { openCheckpoints } from "../../../../stages/flow/checkpoint/checkpoint.ts";
import { goBack } from "../../../../stages/flow/checkpoint/go_back.ts";
import type { Barrier } from "../../../../stages/flow/checkpoint/types.ts";
import { withFolder } from "../../../temporary.ts";

function barrier(step: number): Barrier {
  return { snapshots: new Map([["train", { state: { step } }]]) };
}

Deno.test("goBack() makes a run resume from the last checkpoint of a step, and the next one removes later ones", async () => {
  await withFolder(async (dir) => {
    equal(await goBack(`${dir}/none`, 5), null);
    const checkpoints = await openCheckpoints(dir, { keep: 0 });
    for (const step of [2, 4, 6]) await checkpoints.commit(barrier(step));
    const latest = async () => (await checkpoints.latest())?.get("train")?.state;
    equal(await goBack(dir, Infinity), "step-000006");
    equal(await goBack(dir, 6), "step-000006");
    equal(await goBack(dir, 5), "step-000004");
    deepEqual(await latest(), { step: 4 });
    await checkpoints.commit(barrier(5));
    equal(await goBack(dir, Infinity), "step-000005");
    equal(await goBack(dir, 1), null);
    equal(await latest(), undefined);
    deepEqual([...Deno.readDirSync(dir)], []);
  });
});
