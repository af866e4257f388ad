/**
 * The factors by which GGUF files of Llama 3.1 and later divide rotary frequencies. The files do not say how
 * the factors were made, so the scaling is recovered from them.
 *
 * @module
 */
import type { LlamaConfig } from "../../../../kernels/models/llama_options.ts";
import { ropeFrequencies, type RopeScaling } from "../../../../kernels/models/rope_table.ts";

type Llama3Scaling = Extract<RopeScaling, { readonly kind: "llama3" }>;

/** Width and base of the frequencies. */
interface Frequencies {
  readonly width: number;
  readonly base: number;
}

const TOLERANCE = 1e-5; // relative; the factors are float32

/** Returns the factor of each pair of channels, [R / 2]. */
export function ropeFactors(scaling: RopeScaling, { width, base }: Frequencies): Float32Array<ArrayBuffer> {
  const plain = ropeFrequencies({ width, base, scaling: { kind: "none" } });
  const scaled = ropeFrequencies({ width, base, scaling });
  return Float32Array.from(plain, (frequency, j) => frequency / scaled[j]);
}

/**
 * Returns the options of a scaling that has these factors; `length` is the context of pre-training, if the
 * file says it. Null if no scaling of Llama 3 has them.
 */
export function scalingOfFactors(
  factors: Float32Array,
  { length, ...frequencies }: Frequencies & { readonly length: number | undefined },
): Partial<LlamaConfig> | null {
  if (factors.length !== frequencies.width / 2) return null;
  const factor = Math.max(...factors);
  if (!(factor >= 1)) return null;
  const published = { kind: "llama3", factor, length: length ?? 8192, low: 1, high: 4 } as const;
  const found = [published, solved(factors, { factor, length, ...frequencies })].find((scaling) =>
    scaling !== null && fits(factors, scaling, frequencies)
  );
  if (found === undefined || found === null) return null;
  const { length: ropeLength, low: ropeLow, high: ropeHigh } = found;
  return { ropeScaling: "llama3", ropeFactor: factor, ropeLength, ropeLow, ropeHigh };
}

function fits(factors: Float32Array, scaling: Llama3Scaling, frequencies: Frequencies): boolean {
  return ropeFactors(scaling, frequencies).every((f, j) => Math.abs(f / factors[j] - 1) < TOLERANCE);
}

/**
 * Between the two limits the share of the plain frequency is linear in the frequency: the line through its
 * ends gives the limits. Without the length, the lower limit is one turn.
 */
function solved(
  factors: Float32Array,
  { factor, length, width, base }: Frequencies & {
    readonly factor: number;
    readonly length: number | undefined;
  },
): Llama3Scaling | null {
  const plain = ropeFrequencies({ width, base, scaling: { kind: "none" } });
  const mixed = plain.map((frequency, j) => ({
    frequency,
    share: (1 / factors[j] - 1 / factor) / (1 - 1 / factor),
  })).filter(({ share }) => share > 1e-4 && share < 1 - 1e-4);
  const [first, last] = [mixed[0], mixed[mixed.length - 1]];
  if (mixed.length < 2) return null;
  const slope = (first.share - last.share) / (first.frequency - last.frequency);
  const start = last.frequency - last.share / slope; // the frequency at which the share is 0
  const end = start + 1 / slope;
  const known = length ?? Math.round(2 * Math.PI / start);
  const turns = (frequency: number): number => Number((known * frequency / (2 * Math.PI)).toPrecision(4));
  return { kind: "llama3", factor, length: known, low: turns(start), high: turns(end) };
}
