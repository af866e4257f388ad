/**
 * Comparisons of kernels: a kernel is written once for each library, and all get the same inputs.
 *
 * @module
 */
import type { numpy } from "@jax-js/jax";
import { trafficOf } from "../../kernels/core/cost.ts";
import { backpropagate } from "../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../kernels/core/graph.ts";
import { compile, flopsOf, type Program } from "../../kernels/core/program.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import { marker, runAndWait } from "../engines.ts";
import type { Comparison } from "./comparison.ts";
import { jaxjsContender } from "./jaxjs.ts";
import { type Tfjs, tfjsContender, type TfTensor } from "./tfjs.ts";

/** A computation and its inputs. Its results have the same names in every library. */
export interface ComparedKernel {
  /** Name, with sizes. */
  readonly name: string;
  /** Input data by name; u32 becomes int32 in the peers. */
  readonly inputs: TensorMap;
  /** Returns the computation on this project's graph. */
  ours(inputs: Readonly<Record<string, Tensor>>): Readonly<Record<string, Tensor>>;
  /** Returns the computation in jax-js, which compiles it; it must consume every array once. */
  jaxjs(inputs: Record<string, numpy.Array>): Record<string, numpy.Array>;
  /** The computation in tfjs. */
  tfjs(tf: Tfjs, inputs: Readonly<Record<string, TfTensor>>): Record<string, TfTensor>;
}

/** Compares a kernel of this project with those of the peers. */
export function compareKernel(kernel: ComparedKernel): Comparison {
  const { name, inputs } = kernel, { program, labels } = programOf(kernel);
  const bytes = program.calls.map(trafficOf).reduce((sum, { read, written }) => sum + read + written, 0);
  return {
    name,
    work: { GFLOP: flopsOf(program) / 1e9, MB: bytes / 1e6 },
    // The order of float32 sums, and GPUs' approximations of `exp()` and `tanh()`, cause differences of about
    // 1e-5; mistakes are far larger.
    tolerance: 1e-3,
    async ours(engine) {
      const session = await engine.open([program, marker], inputs);
      return {
        name: `this project, ${engine.device}`,
        async measure(times) {
          const before = performance.now();
          await runAndWait(session, { program: "kernel", repeats: times });
          return (performance.now() - before) / 1000 / times;
        },
        async results() {
          await session.run(["kernel"]);
          const read = await session.read(Object.values(labels));
          return Object.fromEntries(Object.entries(labels).map(([name, label]) => [name, read[label].data]));
        },
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
    jaxjs: (device) => jaxjsContender(device, { inputs, compute: kernel.jaxjs }),
    tfjs: (tf) => tfjsContender(tf, { inputs, compute: (tensors) => kernel.tfjs(tf, tensors) }),
  };
}

/**
 * Returns the gradients of `y` with respect to each tensor in `of`, computed from the gradient `dy` of `y`.
 * The gradient of `x` is named `dx`.
 */
export function gradientsOf(
  y: Tensor,
  { of, dy }: { readonly of: Readonly<Record<string, Tensor>>; readonly dy: Tensor },
): Record<string, Tensor> {
  const flow = backpropagate(y, { calls: y.graph.calls, of: Object.values(of), seed: () => dy });
  const gradients = new Map([...flow].map((g) => [g.of, g.gradient]));
  return Object.fromEntries(Object.entries(of).map(([name, t]) => [`d${name}`, gradients.get(t)!]));
}

/** Returns the compiled kernel, and the label of each result. */
function programOf({ inputs, ours }: ComparedKernel): { program: Program; labels: Record<string, string> } {
  const graph = new Graph();
  const leaves = Object.entries(inputs).map(([label, { shape, data }]) => {
    const dtype = data instanceof Uint32Array ? "u32" : "f32";
    return [label, graph.leaf(label, { shape, dtype }, "input")] as const;
  });
  const labels: Record<string, string> = {};
  for (const [name, tensor] of Object.entries(ours(Object.fromEntries(leaves)))) {
    labels[name] = `result ${name}`;
    graph.output(labels[name], tensor);
  }
  return { program: compile("kernel", graph), labels };
}
