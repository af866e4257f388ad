/**
 * Sums of two numbers as text, the answer's digits reversed: the last digit comes first, as one adds by hand, and the
 * carry is known when it is needed. The loss counts the answer alone.
 *
 * @module
 */
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";

/** Characters of a problem. */
export const problemTokens: CharTokenizer = new CharTokenizer([..."+0123456789="], []);

/** "012+345=7530" for 12 + 345 = 357, answer reversed, all with leading zeros. */
export function problemText(a: number, b: number, { digits }: { readonly digits: number }): string {
  const [left, right] = [a, b].map((n) => String(n).padStart(digits, "0"));
  const answer = [...String(a + b).padStart(digits + 1, "0")].reverse().join("");
  return `${left}+${right}=${answer}`;
}

/** How long inputs are: a problem without its last digit. */
export function problemLength(digits: number): number {
  return 3 * digits + 2;
}

/** Problems as a batch: inputs, targets [count, time], mask 1 where the target is of the answer. */
export interface Problems {
  readonly inputs: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  readonly mask: Float32Array<ArrayBuffer>;
}

/** Random sums; `held`: problems of the held-out ones, else of the others. One in twenty is held out. */
export function problems(
  count: number,
  { digits, random, held }: { readonly digits: number; readonly random: TorchRandom; readonly held: boolean },
): Problems {
  const time = problemLength(digits), limit = 10 ** digits;
  const inputs = new Uint32Array(count * time), targets = new Uint32Array(count * time);
  const mask = new Float32Array(count * time);
  for (let row = 0; row < count;) {
    const a = random.next() % limit, b = random.next() % limit;
    if (isHeldOut(a, b) !== held) continue;
    const ids = problemTokens.encode(problemText(a, b, { digits }));
    inputs.set(ids.subarray(0, time), row * time);
    targets.set(ids.subarray(1), row * time);
    mask.fill(1, row * time + 2 * digits + 1, (row + 1) * time);
    row++;
  }
  return { inputs, targets, mask };
}

/** Whether training never sees this problem: about one in twenty, by its numbers. */
export function isHeldOut(a: number, b: number): boolean {
  return (a * 7919 + b * 104729) % 20011 % 20 === 0; // primes, so that neither number alone decides
}
