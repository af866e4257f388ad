/**
 * WGSL for dropout of attention weights. The mask has one row per query of each head and one column per key.
 * Random words are generated in groups of four keys, so the workgroup stages one bit per weight of a tile in
 * workgroup memory.
 *
 * @module
 */
import { dropoutConstants, maskFunctions } from "../dropout/dropout_mask.ts";

/** Parts of WGSL that add dropout to a kernel; without dropout they are empty. */
export interface AttentionMask {
  /** Declarations of functions and of workgroup memory for the bits of a tile. */
  readonly declarations: string;
  /**
   * Returns statements that stage the bits of a tile, given expressions for its first query and its first
   * key, a multiple of four. `line` is the row of the mask that belongs to query 0.
   */
  stage(first: { readonly query: string; readonly key: string }): string;
  /**
   * Returns an expression for the vector `x`, with 0 for dropped weights, given expressions for each weight's
   * query and key, as positions in the tile.
   */
  drop(x: string, weights: readonly { readonly query: string; readonly key: string }[]): string;
  /** Returns an expression for `x / (1 - rate)`. */
  scaled(x: string): string;
}

const noMask: AttentionMask = { declarations: "", stage: () => "", drop: (x) => x, scaled: (x) => x };

/**
 * Returns the parts of WGSL for a dropout rate. `queries` and `keys` are the sizes of a tile, `lanes` that of
 * the workgroup; `key` and `draw` are the bindings of dropout's inputs.
 */
export function attentionMask(
  rate: number | undefined,
  { queries, keys, lanes, key, draw }: {
    readonly queries: number;
    readonly keys: number;
    readonly lanes: number;
    readonly key: string;
    readonly draw: string;
  },
): AttentionMask {
  if (rate === undefined) return noMask;
  const { threshold, scale } = dropoutConstants(rate), groups = keys / 4;
  return {
    declarations: `${maskFunctions({ key, draw })}
var<workgroup> bits: array<u32, ${queries * groups}>;`,
    stage: (first) =>
      `for (var i = lane; i < ${queries * groups}u; i += ${lanes}u) {
      let drawn = dropout_words(line + ${first.query} + i / ${groups}u, ${first.key} / 4u + i % ${groups}u);
      let kept = select(vec4u(), vec4u(1u, 2u, 4u, 8u), drawn >= vec4u(${threshold}u));
      bits[i] = kept.x | kept.y | kept.z | kept.w;
    }`,
    drop: (x, weights) => {
      const kept = weights.map(({ query, key }) =>
        `((bits[(${query}) * ${groups}u + (${key}) / 4u] >> ((${key}) & 3u)) & 1u) == 1u`
      );
      return `select(vec4f(), ${x}, vec4<bool>(${kept.join(", ")}))`;
    },
    scaled: (x) => `${x} * f32(${scale})`,
  };
}
