/**
 * Tests the filters against the results of datatrove's own filters for 495 real and artificial documents, in
 * both versions of the rules: decisions, reasons and rewritten texts. Words are split at white space and
 * sentences at [.!?], so that no tokenizer model is needed.
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { c4 } from "../../../../stages/filter/rules/c4.ts";
import { finewebQuality } from "../../../../stages/filter/rules/fineweb_quality.ts";
import { gopherQuality } from "../../../../stages/filter/rules/gopher_quality.ts";
import { gopherRepetition } from "../../../../stages/filter/rules/gopher_repetition.ts";
import { sharedTest } from "../../../shared_data.ts";
import { openFilter } from "../filter_checks.ts";

const files = ["filters/documents.jsonl.gz", "filters/expected.jsonl"];

for (const recipe of ["current", "release"] as const) {
  sharedTest(`the filters give datatrove's results, ${recipe}`, files, async (path) => {
    const documents = new TextDecoder().decode(gunzipSync(await Deno.readFile(path(files[0])))).trim().split(
      "\n",
    );
    const expected = (await Deno.readTextFile(path(files[1]))).trim().split("\n");
    const options = { recipe, words: "whitespace", sentences: "punctuation" } as const;
    const stages = {
      gopher_repetition: await openFilter(gopherRepetition(options)),
      gopher_quality: await openFilter(gopherQuality(options)),
      c4: await openFilter(c4(options)),
      fineweb_quality: await openFilter(finewebQuality(options)),
    };
    const wrong: string[] = [];
    let checks = 0;
    for (let i = 0; i < documents.length; i++) {
      const doc = JSON.parse(documents[i]);
      const record = JSON.parse(expected[i]);
      if (record.id !== doc.id) throw new Error(`Line ${i + 1}: ${record.id} is not ${doc.id}`);
      const golden = record[recipe];
      const check = (what: string, got: unknown, expected: unknown) => {
        checks++;
        if (got !== expected) wrong.push(`${doc.id} ${what}: got ${got}, expected ${expected}`);
      };
      let chain: string | null = null;
      let text: string = doc.text;
      for (const [name, filter] of Object.entries(stages)) {
        const alone = filter(doc.text);
        check(name, alone.reason, golden[name]);
        if (name === "c4" && golden.c4 === null && golden.c4_sha256 === undefined) {
          check("c4 text", alone.doc.text, doc.text);
        } else if (name === "c4" && golden.c4 === null) {
          const sum = createHash("sha256").update(alone.doc.text).digest("hex").slice(0, 16);
          check("c4_sha256", sum, golden.c4_sha256);
          check("c4_length", [...alone.doc.text].length, golden.c4_length);
        }
        if (chain !== null) continue;
        const next = filter(text);
        if (next.reason !== null) chain = `${name}:${next.reason}`;
        text = next.doc.text;
      }
      check("chain", chain, golden.chain);
    }
    if (wrong.length > 0) {
      throw new Error(`${wrong.length} of ${checks} differ:\n${wrong.slice(0, 30).join("\n")}`);
    }
    if (checks < 490 * 5) throw new Error(`Only ${checks} checks: the shared data is incomplete`);
  });
}
