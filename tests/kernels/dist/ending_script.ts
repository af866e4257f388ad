/**
 * One process of several that MPI connects: after a few sums the last one ends in a way that is not agreed,
 * while the others go on; or the first one ends alone.
 *
 * @module
 */
import { openMpi } from "../../../kernels/dist/mpi.ts";

/** The ways to end. */
const ends: Readonly<Record<string, () => void>> = {
  "exit 3": () => Deno.exit(3),
  "exit 0": () => Deno.exit(0),
  "throw": () => {
    throw new Error("thrown by a process");
  },
  "kill": () => Deno.kill(Deno.pid, "SIGKILL"),
};

const ranks = await openMpi({ timeout: 60 }), x = new Float32Array(2 ** 20);
if (Deno.args[0] === "finalize alone") {
  // The others take the barrier of `close` for that of their vote, and wait for a vote that never comes.
  if (ranks.rank === 0) await ranks.close();
  else await ranks.agree(false);
}
for (let step = 0; step < 100_000; step++) {
  await ranks.sum(x);
  if (step === 10 && ranks.rank === ranks.size - 1) ends[Deno.args[0]]();
}
