/**
 * Texts made to make a rule go back over them again and again: a single letter, marks that open and never close, what
 * looks like the beginning of an address. A rule whose work grew with the square of the length would not come to an end.
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
  Deno.test(`every stage of the ${recipe} recipe comes to an end on texts made to hinder it`, async () => {
    for (const stage of finewebStages({ recipe, languages: [], languageThreshold: 0 })) {
      const verdict = await openFilter(stage);
      for (const part of parts) {
        const text = part.repeat(size / part.length);
        const { reason, doc } = verdict({ id: "1", text, url: `http://a.com/${text}` });
        if (reason === null && doc.text.length > 2 * text.length) {
          throw new Error(`${stage.name} made ${part} longer`);
        }
      }
    }
  });
}
