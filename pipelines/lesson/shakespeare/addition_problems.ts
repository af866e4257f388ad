/**
 * Additions of two numbers as text. The digits of the sum are reversed, so that the last digit is generated
 * first. Then, as in addition by hand, each carry is known before the next digit needs it.
 *
 * @module
 */
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";

/** Tokenizer for the characters of a problem. */
export const problemTokens: CharTokenizer = new CharTokenizer([..."+0123456789="], []);

/**
 * Returns the text of a problem, with leading zeros and with the digits of the sum reversed: "012+345=7530"
 * for 12 + 345 = 357.
 */
export function problemText(a: number, b: number, { digits }: { readonly digits: number }): string {
  const [left, right] = [a, b].map((n) => String(n).padStart(digits, "0"));
  const sum = [...String(a + b).padStart(digits + 1, "0")].reverse().join("");
  return `${left}+${right}=${sum}`;
}

/**
 * Returns the number of tokens of an input: all tokens of a problem except the last digit, which is only a
 * target.
 */
export function problemLength(digits: number): number {
  return 3 * digits + 2;
}

/** A batch of problems. Each array has the shape [count, time]. */
export interface AdditionProblems {
  readonly inputs: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  /** 1 where the target is a digit of the sum, otherwise 0. */
  readonly mask: Float32Array<ArrayBuffer>;
}

/** Draws random problems: only held-out problems if `heldOut` is true, otherwise only the other problems. */
export function additionProblems(
  count: number,
  { digits, random, heldOut }: {
    readonly digits: number;
    readonly random: TorchRandom;
    readonly heldOut: boolean;
  },
): AdditionProblems {
  const time = problemLength(digits), limit = 10 ** digits;
  const inputs = new Uint32Array(count * time), targets = new Uint32Array(count * time);
  const mask = new Float32Array(count * time);
  for (let row = 0; row < count;) {
    const a = random.next() % limit, b = random.next() % limit;
    if (isHeldOut(a, b) !== heldOut) continue;
    const ids = problemTokens.encode(problemText(a, b, { digits }));
    inputs.set(ids.subarray(0, time), row * time);
    targets.set(ids.subarray(1), row * time);
    mask.fill(1, row * time + 2 * digits + 1, (row + 1) * time);
    row++;
  }
  return { inputs, targets, mask };
}

/**
 * Returns whether a problem is held out, which means that training never uses it. About one problem in twenty
 * is held out.
 */
export function isHeldOut(a: number, b: number): boolean {
  return (a * 7919 + b * 104729) % 20011 % 20 === 0; // primes, so that the result depends on both numbers
}
