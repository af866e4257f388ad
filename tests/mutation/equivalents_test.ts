import { deepStrictEqual } from "node:assert/strict";
import { equivalents, whyEquivalent } from "./equivalents.ts";
import { mutantsOf } from "./sample.ts";

Deno.test("every equivalent mutant is one that run.ts makes of the present code", async () => {
  const stale: string[] = [];
  for (const { file, before, after, why } of equivalents) {
    const source = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    const mutant = mutantsOf(file, source).find((mutant) =>
      mutant.before === before && mutant.after === after
    );
    if (mutant === undefined || whyEquivalent(mutant) !== why) stale.push(`${file}: ${after}`);
  }
  deepStrictEqual(stale, [], "remove these, or repair them");
});
