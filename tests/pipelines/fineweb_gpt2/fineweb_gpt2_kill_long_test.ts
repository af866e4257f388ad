import { permutation } from "../../../kernels/random/philox.ts";
import { finewebGpt2Killed } from "./fineweb_gpt2_kills.ts";

Deno.test("fineweb-gpt2 killed at any moment ends like an uninterrupted run, bit for bit", async () => {
  // Kills the run before the first checkpoint, while a checkpoint is being written, and some steps later. The
  // steps are always the same.
  const [first, second, third] = permutation(7, "kill", 4);
  await finewebGpt2Killed(["tokenizer: ", 1 + first, "writing", 6 + second, "writing", 6 + third]);
});
