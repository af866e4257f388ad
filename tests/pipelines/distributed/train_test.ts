/**
 * Tests that several processes train a model with the bits of one, on one library. The set `cluster` does so
 * on others, over a network, and with processes that fail.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { deadlined } from "../../kernels/dist/run_ranks.ts";
import { mpirun, mpiTest } from "../../mpi.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, evaluated, smallRun, trainCommand, trains, writeShards } from "./runs.ts";

mpiTest(
  "two processes train with the bits of one with twice the accumulation, and resume its run",
  async (mpi) => {
    await withFolder(async (dir) => {
      const args = [...await writeShards(`${dir}/shards`), ...smallRun, ...evaluated];
      await trains([...args, "--out", `${dir}/one`, "--grad-accum", "4"]);
      const wanted = await bitsOf(`${dir}/one`);
      strictEqual(wanted.losses.length, 2 * 6 + 2);

      // The first half by one process, the rest by two, which keep the number of micro-batches.
      const half = [...args, "--out", `${dir}/resumed`, "--steps", "3", "--schedule-steps", "6"];
      await trains([...half, "--grad-accum", "4"]);
      await trains([...args, "--out", `${dir}/resumed`], mpirun(mpi, 2));
      const { losses, ...bits } = await bitsOf(`${dir}/resumed`);
      deepStrictEqual(bits, { weights: wanted.weights, optimizer: wanted.optimizer });
      deepStrictEqual(losses.slice(-3), wanted.losses.slice(-3));

      await trains([...args, "--out", `${dir}/two`, "--grad-accum", "2"], mpirun(mpi, 2));
      deepStrictEqual(await bitsOf(`${dir}/two`), wanted);

      // Micro-batches that cannot be divided: one message, with counts that can.
      const odd = [...args, "--out", `${dir}/odd`, "--total-batch-tokens", `${128 * 6}`];
      const { code, err } = await deadlined(trainCommand(odd, mpirun(mpi, 2)));
      strictEqual(code, 2);
      match(
        err,
        /6 micro-batches among 2 processes.*--grad-accum 2 \(4 .*--grad-accum 4 \(8 .*start 3 processes/,
      );
      strictEqual(err.match(/Cannot divide/g)?.length, 1);
    });
  },
);
