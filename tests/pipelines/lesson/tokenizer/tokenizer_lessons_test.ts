/** Tests the lesson on tokenizers. */
import { match, ok, strictEqual } from "node:assert/strict";
import { sharedTest } from "../../../shared_data.ts";
import { runsTo, withFolder } from "../../program.ts";

sharedTest(
  "tokenizer-lesson on taylorswift.txt reproduces minbpe's merges and files and tiktoken's ids",
  ["bpe/taylorswift.txt"],
  (path) =>
    withFolder(async (dir) => {
      const args = ["tokenizer-lesson", "--source", path("bpe/taylorswift.txt"), "--out", `${dir}/out`];
      const { out, err } = await runsTo(0, args);
      ok(!/[✗·] /.test(out) && !err.includes("error"), out + err);
      strictEqual(out.match(/^✓ /gm)?.length, 34);
      match(out, /SHA-256 of regex\.vocab: 1888ba58/);
      const page = await Deno.readTextFile(`${dir}/out/report.html`);
      match(page, /23 of 23 values agree with the lecture's; 11 of 11 claims hold/);
      const own = await runsTo(0, [...args, "--solution", "E05"]);
      match(own.out, /✓ decode\(encode\(text\)\) is the text: yes/);
    }),
);

Deno.test("tokenizer-lesson accepts another text and another vocabulary size", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(
      `${dir}/a.txt`,
      "Ein Text, den niemand kennt: über Wörter, Wörter, Wörter. ".repeat(4),
    );
    const args = [
      "tokenizer-lesson",
      "--source",
      `${dir}/a.txt`,
      "--vocab-size",
      "300",
      "--out",
      `${dir}/out`,
    ];
    const { out } = await runsTo(0, args);
    ok(!out.includes("✗"), out);
    match(out, /not compared, because of other data\.[^]*· most frequent pair of bytes: /);
  }));
