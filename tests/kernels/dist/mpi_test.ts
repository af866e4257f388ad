/**
 * Tests ranks that are connected by MPI.
 *
 * @module
 */
import { match, strictEqual } from "node:assert/strict";
import { deadlined, hashesOf } from "./run_ranks.ts";
import { mpirun, mpiTest } from "../../mpi.ts";

mpiTest("openMpi(): sums in the order of the tree, broadcasts and votes of three processes", async (mpi) => {
  const hashes = await hashesOf(mpirun(mpi, 3));
  strictEqual(hashes.length, 3);
  strictEqual(new Set(hashes).size, 1);
});

Deno.test("openMpi() without permission to call native code says which task has it", async () => {
  const script = new URL("./ranks_script.ts", import.meta.url).href;
  const { err, code } = await deadlined([
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-read",
    script,
  ]);
  strictEqual(code, 1);
  match(
    err,
    /Cannot use MPI: (calling native code is not permitted: run it with deno task native|there is no)/,
  );
});
