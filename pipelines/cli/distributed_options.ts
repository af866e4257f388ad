/**
 * Options of a run with several processes.
 *
 * @module
 */
import type { OptionRequirement } from "./pipeline.ts";
import { duration, integer, number, oneOf } from "./option_types.ts";

const group = "Several processes";

const several: OptionRequirement = {
  option: "distributed",
  accepts: (value) => value === "mpi",
  typed: "--distributed mpi",
};

const outer: OptionRequirement = {
  option: "outerEvery",
  accepts: (value) => value !== null,
  typed: "--outer-every N",
};

/** Options of every pipeline that trains: its work can be divided among processes. */
export const distributedOptions = {
  distributed: oneOf(
    "mpi: the processes that mpirun or srun starts with this command (deno task native, deno task dawn) train one model together, with the same bits as one process with --grad-accum as many times as large",
    { value: "off", choices: ["off", "mpi"], group },
  ),
  reduce: oneOf(
    "how processes add their gradients: tree in an order that does not depend on their number; library by MPI's own all-reduce, which may be faster; the losses then depend on the library, its version and the number of processes",
    { value: "tree", choices: ["tree", "library"], group, requires: several },
  ),
  overlap: oneOf(
    "whether processes add gradients while they compute those of earlier layers: auto where the device is the CPU; off after the backward pass; the bits are the same",
    { value: "auto", choices: ["auto", "off"], group, requires: several },
  ),
  distributedTimeout: duration("time that a process waits for the others before all end, with exit code 75", {
    value: 600,
    group,
    requires: several,
  }),
};

/** Options of processes that train apart: DiLoCo. */
export const outerOptions = {
  outerEvery: integer(
    "DiLoCo: the processes train apart, and make an outer step together every N updates, which takes 1/N of the traffic; default: they add their gradients at every update",
    { value: null, min: 1, fixed: true, group, requires: several },
  ),
  outerLr: number("learning rate of the outer step", { value: 0.7, min: 0, group, requires: outer }),
  outerMomentum: number("Nesterov momentum of the outer step", {
    value: 0.9,
    min: 0,
    max: 0.999,
    group,
    requires: outer,
  }),
};
