/**
 * Options of a run with several processes.
 *
 * @module
 */
import { duration, oneOf } from "./option_types.ts";

const group = "Several processes";

/** Options of pipelines whose training can be divided among processes. */
export const distributedOptions = {
  distributed: oneOf(
    "mpi: the processes that mpirun or srun starts with this command, under deno task native or dawn, train one model together, with the same bits as one process with --grad-accum as many times as large",
    { value: "off", choices: ["off", "mpi"], group },
  ),
  distributedTimeout: duration("time that a process waits for the others before all end, with exit code 75", {
    value: 600,
    group,
    requires: { option: "distributed", accepts: (value) => value === "mpi", typed: "--distributed mpi" },
  }),
};
