import { permutation } from "../../../kernels/random/philox.ts";
import { finewebGpt2Killed } from "./fineweb_gpt2_kills.ts";

Deno.test("fineweb-gpt2 killed anywhere ends as the run that was never stopped, bit for bit", async () => {
  // Before the first checkpoint, while one is being written, and after some more steps (the same numbers in each run).
  const [first, second, third] = permutation(7, "kill", 4);
  await finewebGpt2Killed(["tokenizer: ", 1 + first, "writing", 6 + second, "writing", 6 + third]);
});
