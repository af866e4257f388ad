/**
 * One process of several that MPI connects: after a few sums the last one ends in a way that is not agreed,
 * while the others go on; or one of them starts, waits or ends alone.
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

const [end] = Deno.args, stands = () => new Promise((resolve) => setTimeout(resolve, 100_000));
const isSecond = Deno.env.get("OMPI_COMM_WORLD_RANK") === "1" || Deno.env.get("PMI_RANK") === "1";
if (end === "start alone" && isSecond) await stands();

const ranks = await openMpi({ timeout: end in ends ? 60 : 5 }), isFirst = ranks.rank === 0;
if (end === "wait alone") {
  // The second process has a message at once; it does not come.
  if (isFirst) await stands();
  else await ranks.broadcast(new Uint8Array(64), { follows: true });
}
if (end === "end alone") {
  // The others take the barrier of `close` for that of their vote, and wait for a vote that never comes.
  if (isFirst) await ranks.close();
  else await ranks.agree(false);
}
const x = new Float32Array(2 ** 20);
for (let step = 0; step < 100_000; step++) {
  await ranks.sum(x);
  if (step === 10 && ranks.rank === ranks.size - 1) ends[end]();
}
