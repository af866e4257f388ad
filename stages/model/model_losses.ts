/**
 * Evaluates a model: the loss of each target. Several processes share the work.
 *
 * @module
 */
import type { Session, SessionRanks } from "../../kernels/engine/engine.ts";
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import { checkTokens } from "./check_inputs.ts";
import type { Plan } from "./plan.ts";
import { scoringProgram, type ScoringShape } from "./scoring.ts";
import { floats } from "./tensor_data.ts";

/** Tokens for each process that are evaluated between two messages: so few take little memory. */
const MESSAGE_TOKENS = 8192;

/** Returns the number of batches that `modelLosses` computes at once: see `ModelSession.batchesAtOnce`. */
export function batchesAtOnce({ evaluation }: Plan, { ranks }: Session): number {
  if (ranks === undefined || evaluation === undefined) return ranks?.size ?? 1;
  return ranks.size * Math.max(1, Math.floor(MESSAGE_TOKENS / (evaluation.batch * evaluation.seqLen)));
}

/** Returns the loss of each target: see `ModelSession.losses`. */
export async function modelLosses(
  plan: Plan,
  session: Session,
  { inputs, targets, scoring, reference = false }: {
    readonly inputs: Uint32Array;
    readonly targets: Uint32Array;
    readonly scoring?: ScoringShape;
    readonly reference?: boolean;
  },
): Promise<Float32Array> {
  const { evaluation, model } = plan;
  const shape = scoring ?? (evaluation && [evaluation.batch, evaluation.seqLen]);
  if (shape === undefined) throw new RangeError("Cannot evaluate: the plan has no evaluation");
  const name = scoring !== undefined ? scoringProgram(scoring) : reference ? "reference" : "eval";
  const many = inputs.length / (shape[0] * shape[1]), isWhole = Number.isInteger(many) && many >= 1;
  if (!isWhole || many > batchesAtOnce(plan, session) || targets.length !== inputs.length) {
    throw new RangeError(
      `Cannot evaluate ${inputs.length} inputs and ${targets.length} targets: wanted [${shape}] of each`,
    );
  }
  checkTokens(inputs, { limit: model.vocabSize, what: "input" });
  checkTokens(targets, { limit: model.vocabSize, what: "target" });
  if (session.ranks !== undefined) {
    return await dealtLosses(session, session.ranks, { name, shape, inputs, targets });
  }
  session.write({
    [`${name}/inputs`]: { shape, data: inputs },
    [`${name}/targets`]: { shape, data: targets },
  });
  // Not awaited, so that no other call can write and run between this run and its read.
  session.run([name]).catch(() => {}); // the read rejects with the same error
  return floats((await session.read([`${name}/losses`]))[`${name}/losses`].data);
}

/** Deals out batches among the processes, which compute one after the other and send all losses together. */
async function dealtLosses(
  session: Session,
  ranks: SessionRanks,
  { name, shape, inputs, targets }: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly inputs: Uint32Array;
    readonly targets: Uint32Array;
  },
): Promise<Float32Array> {
  const each = shape[0] * shape[1], size = ranks.size * each, rounds = Math.ceil(inputs.length / size);
  let gathered: Promise<Float32Array> = Promise.resolve(new Float32Array());
  for (let round = 0; round < rounds; round++) {
    const part = (all: Uint32Array, padding: number) => {
      const data = new Uint32Array(size).fill(padding);
      data.set(all.subarray(round * size, (round + 1) * size));
      return { shape: [ranks.size * shape[0], shape[1]], data };
    };
    session.write({
      [`${name}/inputs`]: part(inputs, 0),
      [`${name}/targets`]: part(targets, ignoredTarget),
    });
    session.run([name]).catch(() => {}); // the gathering has the same error
    if (round < rounds - 1) ranks.keep(`${name}/losses`);
    else gathered = ranks.gather(`${name}/losses`);
  }
  const all = await gathered, losses = new Float32Array(inputs.length);
  for (let batch = 0; batch * each < losses.length; batch++) {
    const rank = batch % ranks.size, round = Math.floor(batch / ranks.size);
    const at = (rank * rounds + round) * each;
    losses.set(all.subarray(at, at + each), batch * each);
  }
  return losses;
}
