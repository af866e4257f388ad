/**
 * Tests DiLoCo: processes that train apart and step together.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { deadlined } from "../../kernels/dist/run_ranks.ts";
import { mpirun, mpiTest } from "../../mpi.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, smallRun, trainCommand, trains, writeShards } from "./runs.ts";

mpiTest(
  "--outer-every: a run that is interrupted between outer steps resumes with the same bits",
  async (mpi) => {
    await withFolder(async (dir) => {
      const two = mpirun(mpi, 2), args = [...await writeShards(`${dir}/shards`), ...smallRun];
      const outer = ["--outer-every", "3", "--grad-accum", "1"], part = ["--out", `${dir}/part`];
      await trains([...args, ...outer, "--out", `${dir}/whole`], two);
      await trains([...args, ...outer, ...part, "--steps", "4", "--schedule-steps", "6"], two);
      await trains([...args, ...part], two);
      const { losses, ...bits } = await bitsOf(`${dir}/part`), whole = await bitsOf(`${dir}/whole`);
      deepStrictEqual(bits, { weights: whole.weights, optimizer: whole.optimizer });
      strictEqual(losses.at(-1), whole.losses.at(-1));

      // The processes have optimizer states of their own, so there must be as many.
      const three = trainCommand([...args, ...part, "--steps", "9", "--grad-accum", "1"], mpirun(mpi, 3));
      const { code, err } = await deadlined(three);
      strictEqual(code, 1);
      match(err, /resume with as many processes as the run had/);
    });
  },
);
