/**
 * Tests the filters on texts that make naive rules backtrack: a repeated letter, brackets that never close,
 * and beginnings of addresses. A rule that takes quadratic time would not finish.
 *
 * @module
 */
import { finewebStages } from "../../../stages/filter/fineweb_group.ts";
import { openFilter } from "./filter_checks.ts";

const size = 60_000; // UTF-16 units
const parts = [
  ..."a.!@{['\"…😀é-\n\u2028(",
  ..."a |a@|a.a.|a\n|[1]|•\n|1.1.1.1|javascript |''a|--|can't |. A|(.)|Mr. |- a\n|a@b-|://a.|:-)|['.]".split(
    "|",
  ),
];

for (const recipe of ["release", "current"] as const) {
  Deno.test(`every filter of the ${recipe} recipe finishes on texts that provoke backtracking`, async () => {
    for (const stage of finewebStages({ recipe, languages: [], languageThreshold: 0 })) {
      const filter = await openFilter(stage);
      for (const part of parts) {
        const text = part.repeat(size / part.length);
        const { reason, doc } = filter({ id: "1", text, url: `http://a.com/${text}` });
        if (reason === null && doc.text.length > 2 * text.length) {
          throw new Error(`${stage.name} made the text of ${part} more than twice as long`);
        }
      }
    }
  });
}
