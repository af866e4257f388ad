import { newModels, posttrainKilled } from "./kills.ts";

for (const name of ["sft", "dpo"] as const) {
  Deno.test(`${name} killed while a checkpoint is written ends like an uninterrupted run`, () =>
    posttrainKilled(newModels[name], 1));
}

Deno.test("rl killed at two moments, one of them while a checkpoint is written, ends like an uninterrupted run, rollouts too", () =>
  posttrainKilled(newModels.rl, 2));
