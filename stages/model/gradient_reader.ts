/**
 * Reads the gradients and probes of a batch without an update.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Session } from "../../kernels/engine/engine.ts";
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { Batch } from "../items.ts";
import { batchInputs, trainingOf } from "./check_inputs.ts";
import { probeLabel } from "./leaves.ts";
import type { Plan } from "./plan.ts";
import { floats, scalar } from "./tensor_data.ts";

/** Values inside a model for one micro-batch. */
export interface ModelInspection {
  /** Gradients of the mean loss, keyed by parameter name. */
  readonly gradients: TensorMap;
  /** Probes, keyed by name, and their gradients, keyed by `<name>/grad`. */
  readonly probes: TensorMap;
}

/** Returns values inside the model for a batch's first micro-batch: see `ModelSession.inspect`. */
export async function inspectBatch(plan: Plan, session: Session, batch: Batch): Promise<ModelInspection> {
  const program = plan.programs.find(({ name }) => name === "inspect");
  if (program === undefined) throw new RangeError("Cannot inspect: the plan has no inspection");
  const shape = batch.shape.slice(1), size = shape[0] * shape[1];
  const checked = batchInputs(plan, batch);
  const [inputs, targets] = [checked.inputs, checked.targets].map((all) => all.slice(0, size));
  const counted = targets.filter((target) => target !== ignoredTarget).length;
  const labels = program.slots.map(({ label }) => label).filter((label) => label.startsWith(probeLabel("")));
  return await readGradients(plan, session, {
    programs: ["inspect"],
    values: {
      "inspect/inputs": { shape, data: inputs },
      "inspect/targets": { shape, data: targets },
      lossWeight: scalar(1 / Math.max(1, counted)),
    },
    probes: labels,
  });
}

/**
 * Runs programs that add to the gradients, reads the gradients and `probes`, and clears the gradients again.
 */
export async function readGradients(
  plan: Plan,
  session: Session,
  { programs, values, probes = [], sum }: {
    readonly programs: readonly string[];
    /** Adds what the programs have computed over all processes; default: there is one. */
    sum?(): Promise<void>;
    readonly values: TensorMap;
    readonly probes?: readonly string[];
  },
): Promise<ModelInspection> {
  const names = [...plan.trained.keys()];
  const zeros = Object.fromEntries(
    [...plan.trained].map(([name, { tensor: { shape } }]) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      return [`${name}/grad`, { shape, data }];
    }),
  );
  session.write({ ...zeros, ...values });
  await session.run(programs);
  await sum?.();
  const found = await session.read([...names.map((name) => `${name}/grad`), ...probes]);
  session.write({ ...zeros, "loss/sum": scalar(0) });
  const { gradientScale = 1 } = trainingOf(plan);
  const read = (label: string) => {
    const { shape, data } = found[label], scaled = label.endsWith("/grad") && gradientScale !== 1;
    return { shape, data: scaled ? floats(data).map((x) => x / gradientScale) : floats(data) };
  };
  return {
    gradients: Object.fromEntries(names.map((name) => [name, read(`${name}/grad`)])),
    probes: Object.fromEntries(probes.map((label) => [label.slice(probeLabel("").length), read(label)])),
  };
}
