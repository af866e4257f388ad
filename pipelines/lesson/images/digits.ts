/**
 * Pictures of handwritten digits, of the package mnist.
 *
 * @module
 */
import { readText } from "../../../stages/disk/files.ts";
import { packageFolder } from "../../../stages/disk/packages.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";

/** Width and height of a picture in pixels. */
export const SIDE = 28;

/** A picture of a digit. */
export interface Digit {
  readonly label: number;
  /** Brightness of each pixel from 0 to 1, [SIDE, SIDE]. */
  readonly pixels: Float32Array;
}

/** Returns `count` pictures of each digit from number `from` on, the digits in turn. */
export async function readDigits(
  { from, count }: { readonly from: number; readonly count: number },
): Promise<readonly Digit[]> {
  const folder = await packageFolder("mnist"), size = SIDE * SIDE;
  const all: Digit[][] = [];
  for (let label = 0; label < 10; label++) {
    const path = pathOfUrl(new URL(`src/digits/${label}.json`, folder));
    const { data }: { data: readonly number[] } = JSON.parse(await readText(path));
    if (data.length < (from + count) * size) {
      throw new RangeError(`There are ${Math.floor(data.length / size)} pictures of ${label}: ask for fewer`);
    }
    all.push(Array.from({ length: count }, (_, i) => ({
      label,
      pixels: Float32Array.from(data.slice((from + i) * size, (from + i + 1) * size)),
    })));
  }
  return Array.from({ length: 10 * count }, (_, i) => all[i % 10][Math.floor(i / 10)]);
}
