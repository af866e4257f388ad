/**
 * Random numbers of a training program, such as dropout masks. Philox keys and the number of micro-batches so
 * far are inputs on the device, so a program draws new numbers each time it runs, and a resumed run draws the
 * same numbers as an uninterrupted run.
 *
 * @module
 */
import type { Graph, Tensor } from "../../kernels/core/graph.ts";
import type { Program } from "../../kernels/core/program.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Randomness } from "../../kernels/models/model.ts";
import { count } from "../../kernels/ops/update/state.ts";
import { hashName } from "../../kernels/random/philox.ts";
import { inputLeaf } from "./leaves.ts";
import { ownShape, type TrainingPlan } from "./training_plan.ts";

const drawLabel = "draw";
const keySuffix = "/key";
const wrap = 2 ** 32 - 1; // the largest `wrap` that `count()` allows

/**
 * Returns graph inputs that determine a model's random numbers. Each input is created when the model first
 * asks for it.
 */
export function randomness(graph: Graph): Randomness {
  return {
    get draw(): Tensor {
      return inputLeaf(graph, drawLabel, [1]);
    },
    key: (path) => inputLeaf(graph, `${path}${keySuffix}`, [2]),
  };
}

/** Makes the program increment the micro-batch number at its end, if the program draws random numbers. */
export function advanceDraw(graph: Graph): void {
  const draw = graph.leaves.get(drawLabel);
  if (draw !== undefined) count(draw, { by: 1, wrap });
}

/**
 * Returns the Philox keys for all places in the model that draw random numbers, keyed by label; the map is
 * empty if there are none. Throws RangeError if there are keys and the seed is not a whole number below 2^32.
 */
export function randomKeys(programs: readonly Program[], seed: number): TensorMap {
  const labels = programs.flatMap((p) => p.slots).map((s) => s.label).filter((l) => l.endsWith(keySuffix));
  if (labels.length > 0 && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new RangeError(`Cannot draw from seed ${seed}: wanted a whole number from 0 to 4294967295`);
  }
  return Object.fromEntries(labels.map((label) => {
    const path = label.slice(0, -keySuffix.length);
    return [label, { shape: [2], data: Uint32Array.of(seed, hashName(path)) }];
  }));
}

/**
 * Returns the input from which random numbers are drawn for the run's micro-batch `micro` and for later ones.
 */
export function drawAt(micro: number): TensorMap {
  return { [drawLabel]: { shape: [1], data: Uint32Array.of(micro % wrap) } };
}

/**
 * Works like `drawAt` for a batch that begins with the run's micro-batch `micro`: the data are dealt out
 * among the processes that compute it.
 */
export function drawsAt(micro: number, training: TrainingPlan): TensorMap {
  const { ranks = 1 } = training, [each] = ownShape(training);
  const firsts = Array.from({ length: ranks }, (_, rank) => (micro + rank * each) % wrap);
  return { [drawLabel]: { shape: [ranks], data: Uint32Array.from(firsts) } };
}
