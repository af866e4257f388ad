import { checkFlow } from "./check_flow.ts";

Deno.test("500 random flows have the outputs, counts and events of the reference, with effects and without, also after faults and resumes", async () => {
  for (let seed = 0; seed < 500; seed++) await checkFlow(seed);
});
