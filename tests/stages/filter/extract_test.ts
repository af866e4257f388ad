/**
 * Tests the stage that extracts text. Its inputs are small pages and a real web archive.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { checkStage } from "../../../stages/flow/check_resume.ts";
import { extract } from "../../../stages/filter/extract.ts";
import type { Document } from "../../../stages/items.ts";
import { warcFile } from "../../../stages/source/files/warc.ts";
import { sharedTest } from "../../shared_data.ts";
import { read } from "../source/source_checks.ts";

const documents: Document[] = [
  { id: "a", text: "", url: "http://a/", html: "<p>One <b>and</b> two</p>" },
  { id: "b", text: "has its text already" },
  { id: "c", text: "", html: "<script>only()</script>" },
];

Deno.test("extract() replaces html by text, passes documents with text, drops pages without text", async () => {
  const out: Document[] = [], removed: unknown[] = [];
  await from(asSource("pages", () => documents))
    .pipe(extract(), {
      rejects: { name: "removed", open: () => null, push: (item) => (removed.push(item), []) },
    })
    .pipe({ name: "out", open: () => null, push: (doc: Document) => (out.push(doc), []) })
    .run();
  deepStrictEqual(out, [{ id: "a", text: "One and two", url: "http://a/" }, documents[1]]);
  deepStrictEqual(removed, [{ item: documents[2], reason: "no_text", stage: "extract" }]);
});

Deno.test("extract() can be stopped after any item and resumed without a difference", () =>
  checkStage(extract, documents));

sharedTest("extract() gives the same documents as warcFile() with its own extraction", [
  "web/sample-0000.warc.gz",
], async (path) => {
  const archive = path("web/sample-0000.warc.gz");
  const whole = (await read(warcFile(archive))).items;
  const pages = (await read(warcFile(archive, { pages: "html" }))).items;
  ok(pages.every((doc) => doc.text === "" && doc.html !== undefined));
  const out: Document[] = [];
  await from(asSource("pages", () => pages)).pipe(extract())
    .pipe({ name: "out", open: () => null, push: (doc: Document) => (out.push(doc), []) }).run();
  deepStrictEqual(out, whole);
  strictEqual(whole.length > 15, true);
});
