/** Tests the lesson on images: its codebook, its data, and its sections at short lengths. */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { openEngine } from "../../../../kernels/engine/open.ts";
import {
  codesOf,
  learnCodebook,
  patchesOf,
  pictureOf,
} from "../../../../pipelines/lesson/images/codebook.ts";
import { readDigits, SIDE } from "../../../../pipelines/lesson/images/digits.ts";
import { codesSolution, imagesSections } from "../../../../pipelines/lesson/images/images_sections.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { claimsOf, itemsOf } from "./talk_lesson.ts";

const { engine } = await openEngine("cpu", { threads: 1 });

Deno.test("patchesOf() lists patches row by row; pictureOf() puts them back", () => {
  const pixels = Float32Array.from({ length: SIDE * SIDE }, (_, i) => i), patches = patchesOf(pixels);
  deepStrictEqual([...patches.subarray(0, 5)], [0, 1, 2, 3, SIDE]);
  deepStrictEqual([...patches.subarray(16, 18)], [4, 5]);
  const ids = Array.from({ length: 49 }, (_, i) => i);
  deepStrictEqual(pictureOf(ids, { codes: patches, distortion: [] }), pixels);
});

Deno.test("learnCodebook() keeps the black patch, and no iteration raises the distance", async () => {
  const digits = await readDigits({ from: 0, count: 3 });
  deepStrictEqual(digits.map(({ label }) => label), [0, 1, 2].flatMap(() => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  const patches = Float32Array.from(digits.flatMap(({ pixels }) => [...patchesOf(pixels)]));
  const options = { count: 8, iterations: 6, seed: 1 };
  const codebook = learnCodebook(patches, options), { codes, distortion } = codebook;
  deepStrictEqual([...codes.subarray(0, 16)], Array(16).fill(0));
  strictEqual(distortion.length, 7);
  for (let i = 1; i < 7; i++) ok(distortion[i] <= distortion[i - 1] + 1e-6, `${distortion}`);
  ok(distortion[6] < .9 * distortion[0], `${distortion}`);
  deepStrictEqual(learnCodebook(patches, options), codebook);
  const ids = codesOf(digits[0].pixels, codebook);
  deepStrictEqual(codesOf(pictureOf(ids, codebook), codebook), ids);
  throws(
    () => learnCodebook(new Float32Array(160), options),
    /^RangeError: Cannot find 8 codes in 0 patches/,
  );
  await rejects(readDigits({ from: 0, count: 5000 }), /^RangeError: There are \d+ pictures of 0/);
});

Deno.test("images, after two updates: every item can be shown, and every claim is made", async () => {
  const settings = { seed: 1, perDigit: 40, testPerDigit: 1, steps: 2 };
  strictEqual(claimsOf(await beforeDeadline(itemsOf(imagesSections(engine, settings)), 120_000)).length, 4);
  strictEqual(claimsOf(await beforeDeadline(itemsOf(codesSolution(settings)), 120_000)).length, 1);
});
