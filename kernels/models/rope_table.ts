/**
 * Angles of rotary positions: the frequency of each pair of channels, with the scalings by which published
 * models reach longer contexts, and the table that `rope` takes.
 * Source: Su et al. 2021; Chen et al. 2023 (linear); Llama 3.1; Peng et al. 2023 (yarn).
 *
 * @module
 */
import type { TensorMap } from "../core/tensor.ts";

/** How the frequencies are scaled; lengths are in tokens. */
export type RopeScaling =
  | { readonly kind: "none" }
  /** All frequencies are divided by `factor`. */
  | { readonly kind: "linear"; readonly factor: number }
  /**
   * Frequencies whose wavelength is above `length / low` are divided by `factor`, those below `length / high`
   * stay, and those between are mixed.
   */
  | {
    readonly kind: "llama3";
    readonly factor: number;
    readonly length: number;
    readonly low: number;
    readonly high: number;
  }
  /**
   * Frequencies that turn less than `slow` times in `length` positions are divided by `factor`, those that
   * turn more than `fast` times stay, and those between are mixed. Cosines and sines are multiplied by
   * `attention`.
   */
  | {
    readonly kind: "yarn";
    readonly factor: number;
    readonly length: number;
    readonly fast: number;
    readonly slow: number;
    readonly attention: number;
  };

/** Frequencies of rotary positions. */
export interface RopeOptions {
  /** Number of channels of a head that are turned, R; even. */
  readonly width: number;
  /** Base of the frequencies: pair `j` turns by `base^(-2j / R)` per position. */
  readonly base: number;
  /** Scaling of the frequencies. */
  readonly scaling: RopeScaling;
}

/** Returns the angle by which each pair of channels turns per position, in radians, [R / 2]. */
export function ropeFrequencies({ width, base, scaling }: RopeOptions): readonly number[] {
  const plain = Array.from({ length: width / 2 }, (_, j) => base ** (-2 * j / width));
  switch (scaling.kind) {
    case "none":
      return plain;
    case "linear":
      return plain.map((f) => f / scaling.factor);
    case "llama3": {
      const { factor, length, low, high } = scaling;
      return plain.map((f) => {
        const turns = length * f / (2 * Math.PI); // length / wavelength
        const share = Math.min(1, Math.max(0, (turns - low) / (high - low)));
        return (1 - share) * f / factor + share * f;
      });
    }
    case "yarn": {
      const { factor, length, fast, slow } = scaling;
      // The pair that turns `times` times in `length` positions.
      const pairOf = (times: number) =>
        width * Math.log(length / (times * 2 * Math.PI)) / (2 * Math.log(base));
      const from = Math.max(Math.floor(pairOf(fast)), 0), to = Math.min(Math.ceil(pairOf(slow)), width - 1);
      return plain.map((f, j) => {
        const share = Math.min(1, Math.max(0, (j - from) / (to === from ? 1e-3 : to - from)));
        return share * f / factor + (1 - share) * f;
      });
    }
  }
}

/** Returns the table [positions, R] that `rope` takes: cosines, then sines. */
export function ropeTable(options: RopeOptions & { readonly positions: number }): TensorMap[string] {
  const { width, positions, scaling } = options, half = width / 2, frequencies = ropeFrequencies(options);
  const data = new Float32Array(positions * width), by = scaling.kind === "yarn" ? scaling.attention : 1;
  for (let position = 0; position < positions; position++) {
    for (let j = 0; j < half; j++) {
      data[position * width + j] = by * Math.cos(position * frequencies[j]);
      data[position * width + half + j] = by * Math.sin(position * frequencies[j]);
    }
  }
  return { shape: [positions, width], data };
}
