/**
 * WGSL of dropout within attention: the mask has a row for each query of each head and a column for each key.
 *
 * A query's invocation meets the keys in order, so it draws four words at a time. A key's invocation needs
 * one word of each query's four: there the workgroup draws for all its keys and stages one bit an element.
 *
 * @module
 */
import { dropoutConstants, maskFunctions } from "../dropout/dropout_mask.ts";

/** Pieces of WGSL; without dropout they leave a kernel as it is. */
export interface AttentionMask {
  /** At module level. */
  readonly functions: string;
  /** At module level of the gradient: room for the bits of a tile of `rows` queries. */
  staging(rows: number): string;
  /** Before a query's loop over keys. */
  readonly begin: string;
  /** In that loop, at key `first + j`: draws when the key is a multiple of four. */
  readonly draw: string;
  /** In that loop: `x` if the weight is kept, else 0. */
  ofKey(x: string): string;
  /** Stages the bits of queries `first` … of a tile, keys of the workgroup. */
  stage(rows: number): string;
  /** In a key's loop, at query `first + j` of the tile: `x` if the weight is kept, else 0. */
  ofQuery(x: string): string;
  /** x over 1 - rate. */
  scaled(x: string): string;
  /** 1 / (1 - rate) as a literal. */
  readonly scale: string;
}

const none: AttentionMask = {
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

/** `keys`: keys a workgroup, one an invocation; `key` and `draw` as bound. */
export function attentionMask(
  rate: number | undefined,
  { keys, key, draw }: { readonly keys: number; readonly key: string; readonly draw: string },
): AttentionMask {
  if (rate === undefined) return none;
  const { threshold, scale } = dropoutConstants(rate), groups = keys / 4;
  return {
    functions: `${maskFunctions({ key, draw })}\n`,
    staging: (rows) => `var<workgroup> stagedKept: array<u32, ${rows * groups}>;\n`,
    begin: "  var words = vec4u();\n",
    draw: `      if (((first + j) & 3u) == 0u) { words = dropout_words(line + own, (first + j) / 4u); }\n`,
    ofKey: (x) => `select(0.0, ${x}, words[(first + j) & 3u] >= ${threshold}u)`,
    stage: (rows) =>
      `for (var i = lane; i < ${rows * groups}u; i += ${keys}u) {
      let drawn = dropout_words(line + first + i / ${groups}u, row0 / 4u + i % ${groups}u);
      let bits = select(vec4u(), vec4u(1u, 2u, 4u, 8u), drawn >= vec4u(${threshold}u));
      stagedKept[i] = bits.x | bits.y | bits.z | bits.w;
    }
    `,
    ofQuery: (x) => `select(0.0, ${x}, ((stagedKept[j * ${groups}u + lane / 4u] >> (lane & 3u)) & 1u) == 1u)`,
    scaled: (x) => `${x} * f32(${scale})`,
    scale: `f32(${scale})`,
  };
}
