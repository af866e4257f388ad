/**
 * Random quantised weights for tests.
 *
 * @module
 */
import { blockTypes } from "../core/blocks/block_formats.ts";
import { type BlockLayout, bytesOfRow, placedRows, wordsOfLayout } from "../core/blocks/block_layout.ts";

/**
 * Returns the words of a layout with random blocks, whose scales lie between -0.02 and 0.02, the smallest of
 * them subnormal. `uniform` returns a number from 0 to 1 for each index.
 */
export function randomBlocks(layout: BlockLayout, uniform: (index: number) => number): Uint32Array {
  const words = new Uint32Array(wordsOfLayout(layout)), bytes = new DataView(words.buffer);
  let drawn = 0;
  for (const { format, rows, offset } of placedRows(layout)) {
    const end = offset + rows * bytesOfRow(format, layout.columns),
      { bytes: size, scales } = blockTypes[format];
    for (let at = offset; at < end; at++) bytes.setUint8(at, Math.floor(256 * uniform(drawn++)));
    for (let block = offset; block < end; block += size) {
      for (const scale of scales) {
        const u = 2 * uniform(drawn++) - 1;
        bytes.setFloat16(block + scale, 0.02 * u * u * u, true);
      }
    }
  }
  return words;
}
