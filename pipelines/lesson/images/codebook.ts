/**
 * A codebook of patches: it turns a picture into a few tokens, and tokens into a picture. Source: k-means as
 * in ImageGPT of Chen et al. 2020, on patches instead of colours.
 *
 * @module
 */
import { permutation } from "../../../kernels/random/philox.ts";
import { SIDE } from "./digits.ts";

/** Width and height of a patch in pixels, and number of patches in a row of a picture. */
export const PATCH = 4, PATCHES = SIDE / PATCH;

/** Values of a patch. */
const SIZE = PATCH * PATCH;

/** Patches that stand for all others. */
export interface Codebook {
  /** The patches, [codes, SIZE]; the first one is black. */
  readonly codes: Float32Array;
  /** Mean squared distance of a patch to its code before each iteration, and at the end. */
  readonly distortion: readonly number[];
}

/** Returns the patches of a picture, row by row, [PATCHES * PATCHES, SIZE]. */
export function patchesOf(pixels: Float32Array): Float32Array {
  const out = new Float32Array(pixels.length);
  let at = 0;
  for (let patch = 0; patch < PATCHES * PATCHES; patch++) {
    const top = Math.floor(patch / PATCHES) * PATCH, left = patch % PATCHES * PATCH;
    for (let i = 0; i < SIZE; i++) {
      out[at++] = pixels[(top + Math.floor(i / PATCH)) * SIDE + left + i % PATCH];
    }
  }
  return out;
}

/** Returns the code of each patch: the nearest one, and its squared distance. */
function nearest(
  patches: Float32Array,
  codes: Float32Array,
): { readonly ids: Uint32Array; readonly distance: number } {
  const ids = new Uint32Array(patches.length / SIZE);
  let total = 0;
  for (let patch = 0; patch < ids.length; patch++) {
    let least = Infinity;
    for (let code = 0; code * SIZE < codes.length; code++) {
      let distance = 0;
      for (let i = 0; i < SIZE && distance < least; i++) {
        distance += (patches[patch * SIZE + i] - codes[code * SIZE + i]) ** 2;
      }
      if (distance < least) [least, ids[patch]] = [distance, code];
    }
    total += least;
  }
  return { ids, distance: total / ids.length };
}

/**
 * Finds `count` codes by k-means. It begins with the black patch, which stays, and with patches that the seed
 * chooses. Throws RangeError for fewer patches with something on them than codes.
 */
export function learnCodebook(
  patches: Float32Array,
  { count, iterations, seed }: { readonly count: number; readonly iterations: number; readonly seed: number },
): Codebook {
  const drawn = Array.from({ length: patches.length / SIZE }, (_, i) => i)
    .filter((i) => patches.subarray(i * SIZE, (i + 1) * SIZE).some((value) => value > 0));
  if (drawn.length < count - 1) throw new RangeError(`Cannot find ${count} codes in ${drawn.length} patches`);
  const order = permutation(seed, "codebook", drawn.length), codes = new Float32Array(count * SIZE);
  for (let code = 1; code < count; code++) {
    const from = drawn[order[code - 1]] * SIZE;
    codes.set(patches.subarray(from, from + SIZE), code * SIZE);
  }
  const distortion: number[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const { ids, distance } = nearest(patches, codes);
    distortion.push(distance);
    const sums = new Float64Array(codes.length), counts = new Uint32Array(count);
    ids.forEach((code, patch) => {
      counts[code]++;
      for (let i = 0; i < SIZE; i++) sums[code * SIZE + i] += patches[patch * SIZE + i];
    });
    for (let i = SIZE; i < codes.length; i++) {
      const members = counts[Math.floor(i / SIZE)];
      if (members > 0) codes[i] = sums[i] / members;
    }
  }
  distortion.push(nearest(patches, codes).distance);
  return { codes, distortion };
}

/** Returns the codes of a picture. */
export function codesOf(pixels: Float32Array, { codes }: Codebook): Uint32Array {
  return nearest(patchesOf(pixels), codes).ids;
}

/** Returns the picture of some codes; patches without a code are black. */
export function pictureOf(ids: ArrayLike<number>, { codes }: Codebook): Float32Array {
  const pixels = new Float32Array(SIDE * SIDE);
  for (let patch = 0; patch < Math.min(ids.length, PATCHES * PATCHES); patch++) {
    const top = Math.floor(patch / PATCHES) * PATCH, left = patch % PATCHES * PATCH;
    for (let i = 0; i < SIZE; i++) {
      pixels[(top + Math.floor(i / PATCH)) * SIDE + left + i % PATCH] = codes[ids[patch] * SIZE + i];
    }
  }
  return pixels;
}
