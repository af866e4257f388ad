import { permutation } from "../../../kernels/random/philox.ts";
import { finewebGpt2Killed } from "./fineweb_gpt2_kills.ts";

Deno.test("fineweb-gpt2 killed at any moment ends like an uninterrupted run, bit for bit", async () => {
  // Before the first checkpoint, while one is being written, and some steps later; the steps are fixed.
  const [first, second, third] = permutation(7, "kill", 4);
  await finewebGpt2Killed(["tokenizer: ", 1 + first, "writing", 6 + second, "writing", 6 + third]);
});
