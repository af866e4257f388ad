/**
 * The model that a policy is compared with: the one that the run starts from.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import { isAdapter } from "../../../kernels/models/lora_config.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { readSafetensors, writeSafetensors } from "../../../stages/format/model/safetensors.ts";
import { disk } from "../../../stages/disk/disk.ts";
import type { Batch } from "../../../stages/items.ts";
import { type ModelSession, openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
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

/** Opens the reference when it is first needed. */
export class Reference implements AsyncDisposable {
  #session: ModelSession | null = null;
  readonly #options: ReferenceOptions;

  /** `initFrom` is the path of the model; null for a new one, whose weights are kept in the run's folder. */
  constructor(options: ReferenceOptions) {
    this.#options = options;
  }

  /** Returns the reference. `policy` is a new model at the end of its first steps. */
  async of(policy: ModelSession): Promise<ModelSession> {
    if (this.#session !== null) return this.#session;
    const { engine, start, shape: [, batch, seqLen], temperature } = this.#options;
    const { quantized, model } = start;
    const planned = plan({
      model: modelOf(model.config),
      quantized,
      temperature,
      evaluation: { batch, seqLen },
    });
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
    const { start, initFrom, env } = this.#options;
    if (start.adapters !== null && start.weights !== undefined) {
      return Object.fromEntries(Object.entries(start.weights).filter(([name]) => !isAdapter(name)));
    }
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
