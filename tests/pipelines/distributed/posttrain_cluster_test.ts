/**
 * Tests that processes share post-training, generated answers included, with the bits of one process.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { readEvents } from "../../../stages/report/metrics.ts";
import { installPackages } from "../../cluster.ts";
import { mpirun } from "../../mpi.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, runsNative } from "./runs.ts";

await installPackages("openmpi-bin", "mpich");

const small = "--device cpu --workers 1 --blas off --quiet --batch-size 8 --seq-len 40 --checkpoint-every 0"
  .split(" ");
const once = ["--grad-accum", "4"];

/** A task whose rewards differ at random, so that every model learns from it. */
const task = `export default {
  name: "even",
  item: (index) => ({ id: String(index), messages: [{ role: "user", content: "go " + index }], answer: "" }),
  reward: (_, text) => ({ length: text.length % 2 }),
};`;

/** Returns what a run has generated, scored and asked itself. */
async function answersOf(out: string): Promise<unknown> {
  const events = await readEvents(`${out}/metrics.jsonl`);
  return events.filter(({ type }) => ["rollout", "preference", "task", "sample"].includes(type));
}

Deno.test("rl, dpo and sft: 2 processes × 2 and 4 × 1 = accumulation of 4, with the same answers", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/even.ts`, task);
    const base = [
      "sft",
      ...small,
      "--world-steps",
      "3",
      "--steps",
      "4",
      "--check-every",
      "2",
      "--check-items",
      "5",
    ];
    await runsNative([...base, ...once, "--out", `${dir}/sft`]);
    const rl = ["rl", ...small, "--init-from", `${dir}/sft`, "--task", `${dir}/even.ts`, "--tools", "none"];
    const dpo = ["dpo", ...small, "--world-steps", "2", "--steps", "4", "--check-every", "0"];
    const runs = {
      sft: base,
      rl: [
        ...rl,
        ..."--group 4 --steps 3 --kl 0.1 --max-tokens 9 --check-every 2 --check-items 5".split(" "),
      ],
      dpo,
    };
    for (const [name, args] of Object.entries(runs)) {
      const one = `${dir}/${name}`;
      if (name !== "sft") await runsNative([...args, ...once, "--out", one]);
      const wanted = await bitsOf(one), answers = await answersOf(one);
      ok(JSON.stringify(answers).length > 2, name);
      for (const [mpi, count] of [["openmpi", 2], ["mpich", 4]] as const) {
        const out = `${dir}/${name}-${count}`, own = ["--grad-accum", `${4 / count}`, "--out", out];
        await runsNative([...args, ...own], mpirun(mpi, count));
        deepStrictEqual(await bitsOf(out), wanted, `${name}, ${count} processes`);
        deepStrictEqual(await answersOf(out), answers, `${name}, ${count} processes`);
      }
    }
  });
});
