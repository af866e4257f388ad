/**
 * Tests that no process is left, and that none calls it a success, if one ends in a way that is not agreed.
 *
 * @module
 */
import { match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { installPackages } from "../../cluster.ts";
import { mpirun } from "../../mpi.ts";
import { deadlined, hashesOf } from "./run_ranks.ts";

await installPackages("openmpi-bin", "mpich");

const script = new URL("./ending_script.ts", import.meta.url).href;

for (const library of ["openmpi", "mpich"] as const) {
  for (const end of ["exit 3", "exit 0", "throw", "kill"]) {
    Deno.test(`${library}: a process that ends by ${end} ends all, with an exit code other than 0`, async () => {
      const run = [...mpirun(library, 3), Deno.execPath(), "run", "--quiet", "--allow-all", script, end];
      const { code, err } = await deadlined(run, { seconds: 60 }); // fewer than the processes wait for others
      notStrictEqual(code, 0, err);
      if (end === "throw") ok(err.includes("thrown by a process"), err);
    });
  }
}

for (const library of ["openmpi", "mpich"] as const) {
  for (const what of ["start", "wait", "end"]) {
    Deno.test(`${library}: a process whose others never ${what} ends all once the time is over`, async () => {
      const run = [...mpirun(library, 2), Deno.execPath(), "run", "--quiet", "--allow-all", script];
      const { code, err } = await deadlined([...run, `${what} alone`], { seconds: 40 });
      notStrictEqual(code, 0, err);
      if (what === "wait") match(err, /has waited 5 s for the others/);
      if (what === "end") match(err, /has waited 5 s for (the others|the end of (Open MPI|MPICH))/);
    });
  }
}

Deno.test("mpich over TCP: MPI_Finalize ends, five times", async () => {
  // Half of such runs hung while processes did not call it at the same time.
  for (let i = 0; i < 5; i++) {
    strictEqual((await hashesOf(["env", "UCX_TLS=tcp,self", ...mpirun("mpich", 2)])).length, 2);
  }
});
