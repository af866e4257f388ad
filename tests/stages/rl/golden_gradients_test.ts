/**
 * Tests the gradients of preference and policy losses on a whole model against TRL: a first pass reads the
 * log probabilities, and the update has the derivatives as weights.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import { llama } from "../../../kernels/models/llama.ts";
import type { LlamaConfig } from "../../../kernels/models/llama_options.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { openHuggingFaceFolder } from "../../../stages/format/model/hugging_face_folder.ts";
import { readWeights } from "../../../stages/format/model/weight_file.ts";
import { type ModelSession, openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import {
  type AnswerRows,
  answerRows,
  derivativeBatch,
  logProbabilities,
} from "../../../stages/rl/answer_rows.ts";
import { policyLoss } from "../../../stages/rl/policy_loss.ts";
import { preferenceLoss, preferenceLosses } from "../../../stages/rl/preference_loss.ts";
import { sharedTest } from "../../shared_data.ts";
import { engines } from "../train/engines.ts";
import { normOf } from "../train/golden_plan.ts";

const FILES = ["golden/posttrain/expected.json", "golden/models/llama/model.safetensors"];

function near(actual: number, wanted: number, within: number, what: string): void {
  ok(
    Math.abs(actual - wanted) <= within * Math.max(1, Math.abs(wanted)),
    `${what}: ${actual}, wanted ${wanted}`,
  );
}

/** Opens the golden model for rows of one size. */
async function open(
  path: (file: string) => string,
  { rows, length, temperature = 1, factor = 1 }: {
    readonly rows: number;
    readonly length: number;
    readonly temperature?: number;
    /** Every weight is multiplied by it. */
    readonly factor?: number;
  },
): Promise<ModelSession> {
  const file = await openHuggingFaceFolder(path("golden/models/llama")), config = file.config as LlamaConfig;
  const weights = Object.fromEntries(
    Object.entries(await readWeights(file)).map(([name, { shape, data }]) => {
      return [name, { shape, data: Float32Array.from(data, (x) => x * factor) }];
    }),
  );
  const planned = plan({
    model: llama(config),
    training: { optimizer: sgd(), shape: [1, rows, length], clip: 0, weighted: true },
    evaluation: { batch: rows, seqLen: length },
    temperature,
  });
  return await openModel(await engines.cpu(), { plan: planned, weights });
}

async function normFor(
  session: ModelSession,
  rows: AnswerRows,
  gradient: ArrayLike<number>,
): Promise<number> {
  const shape = session.plan.training!.shape, batch = derivativeBatch(rows, { gradient, shape });
  return Math.hypot(...Object.values(await session.gradients(batch!)).map(normOf));
}

/** Rows with padding after the tokens. */
function rowsOf(
  prompts: readonly number[][],
  answers: readonly number[][],
  masks: readonly number[][],
): AnswerRows {
  const rows = prompts.map((prompt, i) => ({
    ids: Uint32Array.from([...prompt, ...answers[i]]),
    mask: [...prompt.map(() => 0), ...masks[i]],
  }));
  return answerRows(rows, Math.max(...rows.map(({ ids }) => ids.length)) - 1);
}

sharedTest("DPO's losses have TRL's gradients", FILES, async (path) => {
  const { dpo: { chat } } = JSON.parse(await Deno.readTextFile(path(FILES[0])));
  const pairs = chat.prompt_ids.length, answers = [...chat.chosen_ids, ...chat.rejected_ids];
  const rows = rowsOf(
    [...chat.prompt_ids, ...chat.prompt_ids],
    answers,
    answers.map((ids) => ids.map(() => 1)),
  );
  const size = { rows: 2 * pairs, length: rows.length };
  await using session = await open(path, size);
  await using reference = await open(path, { ...size, factor: 1.01 });
  const sums = async (model: ModelSession) => {
    const logps = await logProbabilities(model, rows);
    return answers.map((_, row) =>
      logps.subarray(row * rows.length, (row + 1) * rows.length).reduce((sum, x) => sum + x, 0)
    );
  };
  const policy = await sums(session), base = await sums(reference);
  near(policy[0], chat.chosen_logps[0], 1e-6, "log probability");
  near(base[0], chat.reference_chosen_logps[0], 1e-6, "reference");
  for (const kind of preferenceLosses) {
    const gradient = new Float64Array(rows.inputs.length);
    let loss = 0;
    for (let i = 0; i < pairs; i++) {
      const answer = (row: number) => ({
        policy: policy[row],
        reference: base[row],
        length: answers[row].length,
      });
      const found = preferenceLoss({ chosen: answer(i), rejected: answer(pairs + i) }, { kind, beta: 0.1 });
      loss += found.loss / pairs;
      for (let t = 0; t < rows.length; t++) {
        const [good, bad] = [i * rows.length + t, (pairs + i) * rows.length + t];
        gradient[good] = rows.mask[good] * found.chosen / pairs;
        gradient[bad] = rows.mask[bad] * found.rejected / pairs;
      }
    }
    near(loss, chat[kind].loss, 3e-5, `${kind}: loss`);
    near(await normFor(session, rows, gradient), chat[kind].gradient_norm_total, 3e-5, `${kind}: norm`);
  }
});

sharedTest(
  "policy losses have TRL's gradients, with holes, masked rows and a temperature",
  FILES,
  async (path) => {
    const { grpo } = JSON.parse(await Deno.readTextFile(path(FILES[0]))), { batch } = grpo;
    const prompts: number[][] = batch.prompt_ids.map((ids: number[], row: number) =>
      ids.filter((_, i) => batch.prompt_mask[row][i] === 1)
    );
    const answers: number[][] = batch.completion_ids.map((ids: number[], row: number) =>
      ids.filter((_, i) => batch.completion_mask[row][i] === 1)
    );
    const rows = rowsOf(prompts, answers, answers.map((ids) => ids.map(() => 1)));
    const size = { rows: prompts.length, length: rows.length };
    /** Puts values by token of the answer at the places of the rows' targets. */
    const placed = (values: readonly number[][]) => {
      const out = new Float64Array(rows.inputs.length);
      answers.forEach((ids, row) =>
        ids.forEach((_, t) => out[row * rows.length + prompts[row].length - 1 + t] = values[row][t])
      );
      return out;
    };
    const old = placed(batch.old_per_token_logps), reference = placed(batch.ref_per_token_logps);
    let compared = 0;
    const check = async (session: ModelSession, section: any, mask: number[][], logps: Float64Array) => {
      for (const one of section.cases) {
        if (!["grpo", "bnpo", "dr_grpo", "dapo", "cispo"].includes(one.loss_type)) continue;
        const found = policyLoss({
          length: rows.length,
          logps,
          old,
          reference,
          mask: placed(mask),
          advantages: batch.advantages,
        }, {
          algorithm: one.loss_type.replace("_", "-"),
          level: one.importance_sampling_level,
          epsilon: 0.2,
          epsilonHigh: 0.28,
          maxLength: 16,
          beta: one.beta,
          correctKl: one.use_bias_correction_kl ?? true,
          items: section.num_items_in_batch ?? batch.num_items_in_batch,
        });
        const name = `${one.loss_type} ${one.beta} ${one.importance_sampling_level}`;
        near(found.loss, one.loss, 5e-6, `${name}: loss`);
        near(await normFor(session, rows, found.gradient), one.gradient_norm_total, 1e-5, `${name}: norm`);
        compared++;
      }
    };
    await using session = await open(path, size);
    const logps = await logProbabilities(session, rows);
    const wanted = placed(batch.per_token_logps);
    logps.forEach((logp, i) => near(logp, wanted[i], 2e-6, "log probability"));
    await check(session, grpo.loss, batch.completion_mask, logps);
    await check(session, grpo.loss.other_loss_types, batch.completion_mask, logps);
    await check(session, grpo.loss_mask_with_holes, grpo.loss_mask_with_holes.loss_mask, logps);
    await check(session, grpo.one_row_masked, grpo.one_row_masked.completion_mask, logps);

    const { temperature, per_token_logps_row0: row0, ...golden } = grpo.temperature;
    await using warm = await open(path, { ...size, temperature });
    const warmed = await logProbabilities(warm, rows);
    answers[0].forEach((_, t) => near(warmed[prompts[0].length - 1 + t], row0[t], 2e-6, "temperature"));
    const one = { loss_type: "grpo", beta: 0, importance_sampling_level: "token", ...golden };
    await check(warm, { cases: [one] }, batch.completion_mask, warmed);
    equal(compared, 16 + 1 + 2 + 4 + 1);
  },
);
