/**
 * Tests losses of preferences and policies, and advantages, against TRL and by differences.
 *
 * @module
 */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { advantages, shareWithoutVariance } from "../../../stages/rl/advantages.ts";
import { estimate, klKinds } from "../../../stages/rl/kl.ts";
import { algorithms, type PolicyBatch, policyLoss } from "../../../stages/rl/policy_loss.ts";
import { preferenceLoss, preferenceLosses } from "../../../stages/rl/preference_loss.ts";
import { sharedTest } from "../../shared_data.ts";

const EXPECTED = "golden/posttrain/expected.json";

function near(actual: number, wanted: number, within: number, what = "value"): void {
  ok(
    Math.abs(actual - wanted) <= within * Math.max(1, Math.abs(wanted)),
    `${what}: ${actual}, wanted ${wanted}`,
  );
}

sharedTest("advantages() are TRL's", [EXPECTED], async (path) => {
  const { grpo } = JSON.parse(await Deno.readTextFile(path(EXPECTED)));
  let compared = 0;
  for (const { rewards, weights, scale_rewards: scale, advantages: wanted } of grpo.advantages.cases) {
    if (scale === undefined) continue;
    const sums = rewards[0].map((_: unknown, i: number) => {
      const parts = rewards.map((each: (number | null)[], f: number) =>
        each[i] === null ? null : each[i]! * weights[f]
      ).filter((part: number | null) => part !== null);
      return parts.length === 0 ? null : parts.reduce((sum: number, part: number) => sum + part, 0);
    });
    const found = advantages(sums, { group: grpo.advantages.group_size, scale });
    found.forEach((advantage, i) => near(advantage, wanted[i], 1e-6));
    compared++;
  }
  equal(compared, 12);
});

Deno.test("advantages() are those of the papers for known rewards", () => {
  const rewards = [1, 0, 0, 1, 1, 0, 0, 0], group = 8;
  near(advantages(rewards, { group, scale: "none" })[0], 0.625, 1e-9);
  near(advantages(rewards, { group })[0], 1.2073814, 1e-6);
  near(advantages(rewards, { group, leaveOneOut: true })[0], 0.7142857, 1e-6);
  near(advantages(rewards, { group, leaveOneOut: true })[1], -0.4285714, 1e-6);
  deepEqual(shareWithoutVariance([1, 1, 0, 1], 2), 0.5);
  throws(() => advantages([1, 2, 3], { group: 2 }), RangeError);
  throws(() => advantages([1, NaN], { group: 2 }), /Reward 1 is NaN/);
});

sharedTest("policyLoss() has TRL's losses, masked tokens and rows included", [EXPECTED], async (path) => {
  const { grpo } = JSON.parse(await Deno.readTextFile(path(EXPECTED))), { batch } = grpo;
  const length = batch.completion_mask[0].length;
  const base = (mask: number[][]): PolicyBatch => ({
    length,
    logps: batch.per_token_logps.flat(),
    old: batch.old_per_token_logps.flat(),
    reference: batch.ref_per_token_logps.flat(),
    mask: mask.flat(),
    advantages: batch.advantages,
  });
  const options = { epsilon: grpo.loss.epsilon, epsilonHigh: grpo.loss.epsilon_high, maxLength: 16 };
  let compared = 0;
  const check = (section: any, mask: number[][]) => {
    for (const one of section.cases) {
      if (!["grpo", "bnpo", "dr_grpo", "dapo", "cispo"].includes(one.loss_type)) continue;
      const found = policyLoss(base(mask), {
        ...options,
        algorithm: one.loss_type.replace("_", "-"),
        level: one.importance_sampling_level,
        beta: one.beta,
        correctKl: one.use_bias_correction_kl ?? true,
        items: section.num_items_in_batch ?? batch.num_items_in_batch,
      });
      near(found.loss, one.loss, 1e-6, `${one.loss_type} ${one.beta} ${one.importance_sampling_level}`);
      compared++;
      if (one.kl !== undefined && one.use_bias_correction_kl === false) near(found.kl, one.kl, 1e-6, "kl");
      if (one["clip_ratio/low_mean"] === undefined) continue;
      near(found.clippedLow, one["clip_ratio/low_mean"], 1e-6, "low");
      near(found.clippedHigh, one["clip_ratio/high_mean"], 1e-6, "high");
    }
  };
  check(grpo.loss, batch.completion_mask);
  check(grpo.loss.other_loss_types, batch.completion_mask);
  check(grpo.loss_mask_with_holes, grpo.loss_mask_with_holes.loss_mask);
  check(grpo.one_row_masked, grpo.one_row_masked.completion_mask);
  equal(compared, 16 + 1 + 2 + 4);
});

Deno.test("policyLoss() has the values of a calculation by hand", () => {
  const batch: PolicyBatch = {
    length: 3,
    logps: [-1, -.5, -2, -.2, -.7, 0],
    old: [-1.2, -.5, -1.5, -.3, -.6, 0],
    mask: [1, 1, 1, 1, 1, 0],
    advantages: [.5, -.5],
  };
  near(policyLoss(batch, { algorithm: "grpo" }).loss, 0.0173734870, 1e-9);
  near(policyLoss(batch, { algorithm: "dapo" }).loss, -0.0796522324, 1e-9);
  near(policyLoss(batch, { algorithm: "dr-grpo", maxLength: 4 }).loss, -0.0497826452, 1e-9);
  near(policyLoss(batch, { algorithm: "reinforce" }).loss, 0.26, 1e-9);
  near(estimate("k1", { logp: -1, reference: -1.1 }).value, 0.1, 1e-9);
});

Deno.test("the derivatives of all algorithms and estimators are those of differences", () => {
  const draw = (seed: number) => Array.from({ length: 12 }, (_, i) => -1.5 + Math.sin(seed + 3.7 * i));
  const batch = { length: 4, old: draw(1), reference: draw(2), mask: [1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 0] };
  const logps = batch.old.map((x, i) => x + 0.3 * Math.sin(5 * i + 1)), rows = [1.2, -0.7, 0.4];
  for (const algorithm of algorithms) {
    for (const kl of klKinds) {
      for (const correctKl of [true, false]) {
        const options = { algorithm, kl, correctKl, beta: 0.1, epsilon: 0.2, epsilonHigh: 0.28 };
        const lossAt = (at: readonly number[]) =>
          policyLoss({ ...batch, logps: at, advantages: rows }, options);
        const { gradient } = lossAt(logps);
        // CISPO's ratio is a constant, so that this is no derivative of its loss.
        if (algorithm === "cispo") continue;
        for (const i of logps.keys()) {
          const moved = (by: number) => lossAt(logps.map((x, k) => k === i ? x + by : x)).loss;
          near(gradient[i], (moved(1e-6) - moved(-1e-6)) / 2e-6, 1e-7, `${algorithm} ${kl} ${i}`);
        }
      }
    }
  }
  throws(() =>
    policyLoss({ length: 1, logps: [0], old: [0], mask: [1], advantages: [1] }, {
      algorithm: "grpo",
      beta: 0.1,
    }), /no reference/);
});

sharedTest(
  "preferenceLoss() is TRL's, and its derivatives are those of differences",
  [EXPECTED],
  async (path) => {
    const { dpo } = JSON.parse(await Deno.readTextFile(path(EXPECTED))), { chat } = dpo;
    const pairs = chat.chosen_logps.map((policy: number, i: number) => ({
      chosen: { policy, reference: chat.reference_chosen_logps[i], length: chat.chosen_ids[i].length },
      rejected: {
        policy: chat.rejected_logps[i],
        reference: chat.reference_rejected_logps[i],
        length: chat.rejected_ids[i].length,
      },
    }));
    for (const kind of preferenceLosses) {
      const { beta, loss_per_pair: wanted, chosen_rewards, rejected_rewards } = chat[kind];
      for (const [i, pair] of pairs.entries()) {
        const found = preferenceLoss(pair, { kind, beta });
        near(found.loss, wanted[i], 1e-9, kind);
        near(found.chosenReward, chosen_rewards[i], 1e-9);
        near(found.rejectedReward, rejected_rewards[i], 1e-9);
        for (const answer of ["chosen", "rejected"] as const) {
          const moved = (by: number) =>
            preferenceLoss({ ...pair, [answer]: { ...pair[answer], policy: pair[answer].policy + by } }, {
              kind,
              beta,
            });
          near(found[answer], (moved(1e-5).loss - moved(-1e-5).loss) / 2e-5, 1e-6, `${kind} ${answer}`);
        }
      }
    }
    const far = { policy: -5000, reference: 0, length: 1 }, same = { policy: 0, reference: 0, length: 1 };
    ok(Number.isFinite(preferenceLoss({ chosen: far, rejected: same }, { kind: "sigmoid", beta: 1 }).loss));
    throws(() => preferenceLoss(pairs[0], { kind: "sigmoid", beta: 0 }), RangeError);
    throws(() => preferenceLoss(pairs[0], { kind: "robust", beta: 1, smoothing: 0.5 }), RangeError);
  },
);
