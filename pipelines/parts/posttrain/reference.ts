/**
 * The model that a policy is compared with: the one that the run starts from.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { readSafetensors, writeSafetensors } from "../../../stages/format/model/safetensors.ts";
import { disk } from "../../../stages/disk/disk.ts";
import type { Batch } from "../../../stages/items.ts";
import { type ModelSession, openModel } from "../../../stages/model/model_session.ts";
import type { Scorer } from "../../../stages/rl/answer_rows.ts";
import { type Plan, plan } from "../../../stages/model/plan.ts";
import type { Env } from "../../cli/pipeline.ts";
import { hashOfWeights } from "../model/adapted_model.ts";
import { openModelFile, startingWeights } from "../starting_weights.ts";
import type { StartingPoint } from "./starting_point.ts";

/** What the reference is made of. */
export interface ReferenceOptions {
  readonly engine: Engine;
  readonly start: StartingPoint;
  readonly initFrom: string | null;
  readonly env: Pick<Env, "out">;
  /** Shape of a batch. */
  readonly shape: Batch["shape"];
  /** Divisor of the logits. */
  readonly temperature: number;
}

/**
 * Returns the plan of the reference's own session, which only reads; null for a policy with adapters, whose
 * session has the reference too: it is the model without them.
 */
export function referencePlan(
  { quantized, model, adapters }: StartingPoint,
  { shape: [, batch, seqLen], temperature }: Pick<ReferenceOptions, "shape" | "temperature">,
): Plan | null {
  if (adapters !== null) return null;
  return plan({ model, quantized, temperature, evaluation: { batch, seqLen } });
}

/** Opens the reference when it is first needed. */
export class Reference implements AsyncDisposable {
  #session: ModelSession | null = null;
  readonly #options: ReferenceOptions;

  /** `initFrom` is the path of the model; null for a new one, whose weights are kept in the run's folder. */
  constructor(options: ReferenceOptions) {
    this.#options = options;
  }

  /** Returns the reference. `policy` is a new model at the end of its first steps. */
  async of(policy: ModelSession): Promise<Scorer> {
    if (this.#session !== null) return this.#session;
    const { engine, start } = this.#options, planned = referencePlan(start, this.#options);
    if (planned === null) {
      return {
        plan: policy.plan,
        batchesAtOnce: policy.batchesAtOnce,
        losses: (inputs, targets) => policy.losses(inputs, targets, { reference: true }),
      };
    }
    return this.#session = await openModel(engine, { plan: planned, weights: await this.#weights(policy) });
  }

  /**
   * Returns the hash of the reference's file, by its path, so that a resumed run can compare it; of adapters'
   * models training itself keeps a hash, and a new model's reference is in the run's folder.
   */
  async hashes(): Promise<Readonly<Record<string, string>>> {
    const { start, initFrom } = this.#options;
    if (initFrom === null || start.adapters !== null) return {};
    const file = await openModelFile(initFrom);
    try {
      return { [initFrom]: await hashOfWeights(file) };
    } finally {
      file.close();
    }
  }

  async #weights(policy: ModelSession): Promise<TensorMap> {
    const { initFrom, env } = this.#options;
    if (initFrom !== null) return (await startingWeights(initFrom)).weights;
    const path = `${env.out}/reference.safetensors`;
    if (!await exists(path)) {
      await writeSafetensors(`${path}.writing`, await policy.weights(), { format: "pt" });
      await disk.rename(`${path}.writing`, path);
    }
    return await readSafetensors(path);
  }

  /** Closes the reference, if it was opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
  }
}
