/**
 * Advantages: how much better an answer is than the others to the same question. Sources: GRPO of Shao et al.
 * 2024 as in TRL, RLOO of Ahmadian et al. 2024.
 *
 * @module
 */

/** What rewards are divided by: the standard deviation of their group, or of all; or nothing. */
export type RewardScale = "group" | "batch" | "none";

/** How advantages are computed. */
export interface AdvantageOptions {
  /** Number of answers to one question; consecutive answers are a group. */
  readonly group: number;
  /** Default "group". */
  readonly scale?: RewardScale;
  /** Whether an answer is compared with the others of its group alone, without itself. Default false. */
  readonly leaveOneOut?: boolean;
}

/** Added to standard deviations, as in TRL. */
const EPSILON = 1e-4;

/**
 * Returns the advantage of each answer from its reward. Answers without a reward (null) have advantage 0 and
 * do not count. Throws RangeError for a number of rewards that is no multiple of the group's, and for rewards
 * that are NaN or infinite.
 */
export function advantages(
  rewards: readonly (number | null)[],
  { group, scale = "group", leaveOneOut = false }: AdvantageOptions,
): readonly number[] {
  if (!Number.isInteger(group) || group < 1 || rewards.length % group !== 0) {
    throw new RangeError(`Cannot divide ${rewards.length} rewards into groups of ${group}`);
  }
  const wrong = rewards.findIndex((reward) => reward !== null && !Number.isFinite(reward));
  if (wrong >= 0) {
    throw new RangeError(`Reward ${wrong} is ${rewards[wrong]}: a reward must be a finite number`);
  }
  const whole = deviation(rewards.filter((reward) => reward !== null));
  return rewards.map((reward, i) => {
    if (reward === null) return 0;
    const first = i - i % group;
    const own = rewards.slice(first, first + group).filter((each) => each !== null), n = own.length;
    const centred = reward - mean(own);
    if (leaveOneOut) return n < 2 ? 0 : centred * n / (n - 1);
    if (scale === "none") return centred;
    return centred / ((scale === "batch" ? whole : deviation(own)) + EPSILON);
  });
}

/** Returns the share of groups whose rewards are all equal: these teach nothing. */
export function shareWithoutVariance(rewards: readonly (number | null)[], group: number): number {
  let equal = 0;
  for (let first = 0; first < rewards.length; first += group) {
    const own = rewards.slice(first, first + group).filter((each) => each !== null);
    equal += Number(own.every((each) => each === own[0]));
  }
  return equal / Math.max(1, rewards.length / group);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

/** Standard deviation with n - 1; 0 for fewer than two values. */
function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (values.length - 1));
}
