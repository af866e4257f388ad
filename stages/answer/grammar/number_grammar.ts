/**
 * The grammar of numbers within bounds, and of multiples: decimal numerals, digit by digit, each digit only
 * where the rest can still be a number that fits.
 *
 * @module
 */
import { choice, type Grammar, literal, oneOf, reference, sequence } from "./grammar.ts";

/** What a number must be. Bounds are decimal, as they are written. */
export interface NumberForm {
  readonly isInteger: boolean;
  /** Least and largest number; Infinity: none. */
  readonly min: number;
  readonly max: number;
  /** Bounds that are not allowed themselves. */
  readonly above: number;
  readonly below: number;
  /** The number is a multiple of this; null: any. */
  readonly step: number | null;
}

/** Most digits: JSON's readers take as many exactly. Most digits after the point, unless bounds have more. */
const MOST_DIGITS = 15, FRACTION = 6;
/** Largest whole number that JSON's readers take exactly. */
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** Returns the grammar, without exponents; null if no number fits that has at most 15 digits. */
export function numberGrammar(form: NumberForm): Grammar | null {
  const { isInteger, min, max, above, below, step } = form;
  const given = [min, max, above, below].filter(Number.isFinite).map(placesOf);
  const wanted = step !== null ? placesOf(step) : Math.max(FRACTION, 2 + Math.max(0, ...given));
  const places = isInteger ? 0 : Math.min(wanted, MOST_DIGITS - 1);
  const all: Grammar[] = [];
  for (let place = 0; place <= places; place++) {
    const most = place === 0 ? LARGEST : 10n ** BigInt(MOST_DIGITS) - 1n;
    const bounds = [bound(max, place), bound(below, place, -1n)].filter((each) => each !== null);
    const leasts = [bound(min, place, 0n, true), bound(above, place, 1n, true)].filter((each) =>
      each !== null
    );
    const [low, high] = [leasts.reduce(larger, -most), bounds.reduce(smaller, most)];
    const digits = new Digits(place, step === null ? 1n : multiple(step, place));
    const plain = digits.grammar(larger(low, 0n), high), negative = digits.grammar(larger(-high, 1n), -low);
    if (plain !== null) all.push(plain);
    if (negative !== null) all.push(sequence("-", negative));
  }
  return all.length === 0 ? null : choice(...all);
}

const larger = (a: bigint, b: bigint) => a > b ? a : b, smaller = (a: bigint, b: bigint) => a < b ? a : b;

/** Numerals with a number of digits after the point, as whole numbers of units of the last digit. */
class Digits {
  readonly #places: number;
  readonly #step: bigint;
  readonly #known = new Map<string, Grammar>();

  constructor(places: number, step: bigint) {
    this.#places = places;
    this.#step = step;
  }

  /** Returns the grammar of the multiples from `low` to `high`, neither negative; null if there are none. */
  grammar(low: bigint, high: bigint): Grammar | null {
    const all: Grammar[] = [];
    const least = this.#places + 1; // a digit before the point
    for (let width = least; width === least || 10n ** BigInt(width - 1) <= high; width++) {
      const first = width === least ? 0n : 10n ** BigInt(width - 1); // without leading zeros
      const range = [larger(low, first), smaller(high, 10n ** BigInt(width) - 1n)] as const;
      if (this.#exists(...range, 0n)) all.push(this.#rest(width, range, 0n));
    }
    return all.length === 0 ? null : choice(...all);
  }

  /** Returns whether a range has a number with this remainder. */
  #exists(low: bigint, high: bigint, remainder: bigint): boolean {
    return low + modulo(remainder - low, this.#step) <= high;
  }

  /** Returns the grammar of the last `width` digits, whose value is in a range and has a remainder. */
  #rest(width: number, [low, high]: readonly [bigint, bigint], remainder: bigint): Grammar {
    if (width === 0) return literal("");
    const key = `${width} ${low} ${high} ${remainder}`, known = this.#known.get(key);
    if (known !== undefined) return known;
    const unit = 10n ** BigInt(width - 1), point = width === this.#places ? "." : "";
    const isFree = this.#step === 1n && low === 0n && high === 10n * unit - 1n;
    const made = isFree
      ? sequence(point, digit, this.#rest(width - 1, [0n, unit - 1n], 0n))
      : reference(() =>
        choice(...digitValues.flatMap((value) => {
          const taken = BigInt(value) * unit, left = modulo(remainder - taken, this.#step);
          const range = [larger(low - taken, 0n), smaller(high - taken, unit - 1n)] as const;
          if (range[0] > range[1] || !this.#exists(...range, left)) return [];
          return [sequence(point, `${value}`, this.#rest(width - 1, range, left))];
        }))
      );
    this.#known.set(key, made);
    return made;
  }
}

const digitValues = Array.from({ length: 10 }, (_, value) => value), digit = oneOf(digitValues.join(""));

function modulo(value: bigint, step: bigint): bigint {
  return ((value % step) + step) % step;
}

/** Returns a number as digits times a power of ten. */
function decimal(value: number): { readonly digits: bigint; readonly power: number } {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(
    `${value}`,
  )!;
  return { digits: BigInt(`${sign}${whole}${fraction}`), power: Number(exponent) - fraction.length };
}

/** Returns the number of digits after the point. */
function placesOf(value: number): number {
  return Math.max(0, -decimal(value).power);
}

/** Returns a bound in units of 10^-place, rounded to the inside; `beside` is added to one that is exact. */
function bound(value: number, place: number, beside = 0n, isUp = false): bigint | null {
  if (!Number.isFinite(value)) return null;
  const { digits, power } = decimal(value), shift = power + place;
  if (shift >= 0) return digits * 10n ** BigInt(Math.min(shift, 400)) + beside;
  const unit = 10n ** BigInt(-shift), rest = modulo(digits, unit), floor = (digits - rest) / unit;
  if (rest === 0n) return floor + beside;
  return isUp ? floor + 1n : floor;
}

/** Returns the step between multiples in units of 10^-place. */
function multiple(step: number, place: number): bigint {
  const { digits, power } = decimal(step), shift = power + place;
  if (shift >= 0) return digits * 10n ** BigInt(Math.min(shift, 400));
  let [a, b] = [digits, 10n ** BigInt(-shift)];
  while (b > 0n) [a, b] = [b, a % b];
  return digits / a;
}
