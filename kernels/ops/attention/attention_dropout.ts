/**
 * WGSL for dropout of attention weights. The mask has one row per query of each head and one column per key.
 *
 * Random words are generated in groups of four. The invocation of a query visits keys in order, so it uses
 * all four words. The invocation of a key would use only one of the four words of each query, so the
 * workgroup generates the words for all its keys and stages one bit per weight in workgroup memory.
 *
 * @module
 */
import { dropoutConstants, maskFunctions } from "../dropout/dropout_mask.ts";

/** Parts of WGSL that add dropout to a kernel; without dropout they are empty. */
export interface AttentionMask {
  /** Function declarations. */
  readonly functions: string;
  /**
   * Returns a declaration for the gradient kernel: it declares workgroup memory for the bits of a tile of
   * `rows` queries.
   */
  staging(rows: number): string;
  /** Statements before a query's loop over keys. */
  readonly begin: string;
  /**
   * Statements in the query's loop, at key `first + j`: they generate random words if the key's index is a
   * multiple of four.
   */
  readonly draw: string;
  /**
   * Returns an expression for use in a query's loop, at key `first + j`: it is `x`, or 0 if the weight is
   * dropped.
   */
  ofKey(x: string): string;
  /**
   * Returns statements that stage the bits of a tile of `rows` queries, starting with query `first`, for the
   * keys of the workgroup.
   */
  stage(rows: number): string;
  /**
   * Returns an expression for use in a key's loop, at query `first + j` of the tile: it is `x`, or 0 if the
   * weight is dropped.
   */
  ofQuery(x: string): string;
  /** Returns an expression for `x / (1 - rate)`. */
  scaled(x: string): string;
  /** Expression for `1 / (1 - rate)`. */
  readonly scale: string;
}

const noMask: AttentionMask = {
  functions: "",
  staging: () => "",
  begin: "",
  draw: "",
  ofKey: (x) => x,
  stage: () => "",
  ofQuery: (x) => x,
  scaled: (x) => x,
  scale: "1.0",
};

/**
 * Returns the parts of WGSL for a dropout rate. `keys` is the number of keys per workgroup, one per
 * invocation; `key` and `draw` are the bindings of dropout's inputs.
 */
export function attentionMask(
  rate: number | undefined,
  { keys, key, draw }: { readonly keys: number; readonly key: string; readonly draw: string },
): AttentionMask {
  if (rate === undefined) return noMask;
  const { threshold, scale } = dropoutConstants(rate), groups = keys / 4;
  return {
    functions: `${maskFunctions({ key, draw })}\n`,
    staging: (rows) => `var<workgroup> stagedBits: array<u32, ${rows * groups}>;\n`,
    begin: "  var words = vec4u();\n",
    draw: `      if (((first + j) & 3u) == 0u) { words = dropout_words(line + own, (first + j) / 4u); }\n`,
    ofKey: (x) => `select(0.0, ${x}, words[(first + j) & 3u] >= ${threshold}u)`,
    stage: (rows) =>
      `for (var i = lane; i < ${rows * groups}u; i += ${keys}u) {
      let drawn = dropout_words(line + first + i / ${groups}u, row0 / 4u + i % ${groups}u);
      let bits = select(vec4u(), vec4u(1u, 2u, 4u, 8u), drawn >= vec4u(${threshold}u));
      stagedBits[i] = bits.x | bits.y | bits.z | bits.w;
    }
    `,
    ofQuery: (x) => `select(0.0, ${x}, ((stagedBits[j * ${groups}u + lane / 4u] >> (lane & 3u)) & 1u) == 1u)`,
    scaled: (x) => `${x} * f32(${scale})`,
    scale: `f32(${scale})`,
  };
}
