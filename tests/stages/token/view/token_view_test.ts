import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { jupyterDisplay } from "../../../../stages/format/viewer/notebook.ts";
import { byteTokenizer } from "../../../../stages/token/byte.ts";
import { loadTokenizer } from "../../../../stages/token/load_tokenizer.ts";
import { tokenView } from "../../../../stages/token/view/token_view.ts";

Deno.test("tokenView() shows each token with its id, and special tokens", async () => {
  const view = tokenView("Hi there<|endoftext|>", await loadTokenizer("gpt2"));
  const bundle = view[jupyterDisplay]();
  strictEqual(bundle["text/plain"], "3 tokens for 21 bytes: Hi|␣there|<|endoftext|> (17250 612 50256)");
  deepStrictEqual(
    [...bundle["text/html"].matchAll(/<span title="id (\d+), (\d+) bytes"[^>]*>([^<]*)<\/span>/g)]
      .map(([, id, bytes, text]) => [id, bytes, text]),
    [["17250", "2", "Hi"], ["612", "6", "␣there"], ["50256", "13", "&lt;|endoftext|&gt;"]],
  );
});

Deno.test("tokenView() never turns text into markup", () => {
  const html = tokenView('<img src=x onerror="hit()">&', byteTokenizer())[jupyterDisplay]()["text/html"];
  deepStrictEqual([...html.matchAll(/<img|onerror="/g)], []);
});
