/**
 * Random numbers of a training program: each place's key, and the number of the micro-batch, stand on the device as
 * inputs. So a program is replayed with new numbers, and a resumed run draws what the uninterrupted one would have.
 *
 * @module
 */
import type { Graph, Tensor } from "../../kernels/core/graph.ts";
import { hashName } from "../../kernels/random/philox.ts";
import type { Program } from "../../kernels/core/program.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Randomness } from "../../kernels/models/model.ts";
import { count } from "../../kernels/ops/update/state.ts";

const drawLabel = "draw";
const keySuffix = "/key";
const wrap = 2 ** 32 - 1; // the most that `count` takes

/** The inputs that a model draws by, made when it asks for them. */
export function randomness(graph: Graph): Randomness {
  return {
    get draw(): Tensor {
      return graph.leaf(drawLabel, { shape: [1], dtype: "u32" }, "input");
    },
    key: (path) => graph.leaf(`${path}${keySuffix}`, { shape: [2], dtype: "u32" }, "input"),
  };
}

/** Has the program go on to the next micro-batch's numbers at its end, if it draws any. */
export function advanceDraw(graph: Graph): void {
  const draw = graph.leaves.get(drawLabel);
  if (draw !== undefined) count(draw, { by: 1, wrap });
}

/**
 * The keys of all places that programs draw at; empty: they draw nothing. Throws RangeError if they do and the seed is
 * no whole number below 2^32.
 */
export function randomKeys(programs: readonly Program[], seed: number): TensorMap {
  const labels = programs.flatMap((p) => p.slots).map((s) => s.label).filter((l) => l.endsWith(keySuffix));
  if (labels.length > 0 && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new RangeError(`Cannot draw from seed ${seed}: wanted a whole number from 0, below 2^32`);
  }
  return Object.fromEntries(labels.map((label) => {
    const path = label.slice(0, -keySuffix.length);
    return [label, { shape: [2], data: Uint32Array.of(seed, hashName(path)) }];
  }));
}

/** What to write before the micro-batch that is number `micro` of the run, where programs draw. */
export function drawAt(micro: number): TensorMap {
  return { [drawLabel]: { shape: [1], data: Uint32Array.of(micro % wrap) } };
}
