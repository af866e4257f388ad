/**
 * Tests training in several processes whose run and token shards are in an object store.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { listS3 } from "../../../stages/format/web/s3/list.ts";
import { getS3, putS3 } from "../../../stages/format/web/s3/objects.ts";
import { installPackages } from "../../cluster.ts";
import { deadlined } from "../../kernels/dist/run_ranks.ts";
import { mpirun } from "../../mpi.ts";
import { BUCKET, installMoto, storeTest } from "../../object_store.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, evaluated, smallRun, taskCommand, trains, writeShards } from "../distributed/runs.ts";

await installPackages("openmpi-bin", "mpich", "python3-venv");
await installMoto();

const RUN = `s3://${BUCKET}/runs/two`;

storeTest(
  "two processes train into a store, and one process elsewhere ends the run with the bits of one process",
  (store) =>
    withFolder(async (dir) => {
      const shards = await writeShards(`${dir}/shards`);
      await trains([...shards, ...smallRun, ...evaluated, "--out", `${dir}/one`, "--grad-accum", "2"]);
      for (const name of ["train", "val"]) {
        await putS3(`s3://${BUCKET}/shards/${name}.bin`, await Deno.readFile(`${dir}/shards/${name}.bin`));
      }
      const stored = shards.map((word) => word.replace(`${dir}/shards`, `s3://${BUCKET}/shards`));
      const on = async (
        machine: string,
        words: readonly string[],
        start?: readonly string[],
      ): Promise<string> => {
        const cwd = `${dir}/${machine}`;
        await Deno.mkdir(cwd, { recursive: true });
        const { code, out, err } = await deadlined(taskCommand(words, { ...start && { start } }), {
          cwd,
          env: { ...store.env, INIT_CWD: cwd }, // and not that of the task that runs the tests
        });
        strictEqual(code, 0, `${words.join(" ")}:\n${out}\n${err}`);
        return err;
      };
      for (const [machine, mpi] of [["a", "openmpi"], ["b", "mpich"]] as const) {
        const run = `${RUN}-${mpi}`, words = ["train", ...stored, ...smallRun, ...evaluated, "--out", run];
        await on(
          machine,
          [...words, "--grad-accum", "1", "--steps", "3", "--schedule-steps", "6"],
          mpirun(mpi, 2),
        );
        strictEqual((await getS3(`${run}/checkpoints/latest`))?.text.trim(), "step-000003");
        const owners = JSON.parse((await getS3(`${run}/store.json`))?.text ?? "").owner;
        strictEqual(typeof owners.pid, "number");
        const err = await on(`${machine}2`, [
          "train",
          "--out",
          run,
          "--steps",
          "6",
          "--workers",
          "1",
          "--quiet",
        ]);
        ok(/Fetching \d+ files of the run in s3:/.test(err), err);
        const wanted = await bitsOf(`${dir}/one`),
          { weights, optimizer } = await bitsOf(
            `${dir}/${machine}2/runs/s3/${BUCKET}/runs/two-${mpi}`,
          );
        deepStrictEqual(
          { weights, optimizer },
          { weights: wanted.weights, optimizer: wanted.optimizer },
          mpi,
        );
        // Only the first process fetches and uploads.
        const names = (await Array.fromAsync(listS3(`${run}/`))).map(({ uri }) => uri.slice(run.length));
        deepStrictEqual(names.filter((name) => name.startsWith("/ranks")), []);
      }
    }),
);
