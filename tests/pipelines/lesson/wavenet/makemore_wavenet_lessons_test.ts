/** Tests the WaveNet lesson in runs of a few steps. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import makemoreWavenet from "../../../../pipelines/makemore_wavenet.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";

/**
 * Runs `work` with a temporary file of 2,000 of the lecture's names, because evaluation on all names takes
 * long.
 */
async function withFewNames(path: string, work: (source: string) => Promise<void>): Promise<void> {
  const source = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    const names = (await Deno.readTextFile(path)).split("\n");
    await Deno.writeTextFile(source, names.slice(0, 2000).join("\n"));
    await work(source);
  } finally {
    await Deno.remove(source);
  }
}

sharedTest(
  "makemore-wavenet has the lecture's parameter counts and shapes, shows the bug, and its solution runs",
  ["text/names.txt"],
  (path) =>
    withFewNames(path("text/names.txt"), async (source) => {
      const { outcomes, text } = await runLesson(makemoreWavenet, { source, values: { steps: 20 } });
      deepStrictEqual(
        outcomes.filter((outcome) => /^(parameters|values)/.test(outcome)),
        [
          ...[12_097, 22_097, 22_397].map((n) => `parameters: ${n}, lecture ${n}: not compared`),
          "values in the first running mean: with the bug, without it: 272, 68, lecture 272, 68: same",
          "parameters: 76579, lecture 76579: not compared",
        ],
      );
      ok(!outcomes.some((outcome) => outcome.endsWith(": differs")), outcomes.join("\n"));
      match(text, /BatchNorm 1 +\[4, 68\] +\[68\]/);
      match(text, /differ\s+from\s+those\s+in\s+float64\s+by\s+at\s+most\s+[1-9]e-[678]\./);
      match(text, /\d\.\d{4}[^.]*of\s+the\s+flat\s+net/);
      const solution = await runLesson(makemoreWavenet, { source, solution: "E01", values: { steps: 20 } });
      match(solution.outcomes[0], /below 1.993: not compared/);
    }),
);
