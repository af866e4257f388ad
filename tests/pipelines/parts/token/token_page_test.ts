import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { compareCompression } from "../../../../pipelines/parts/token/compression.ts";
import { tokenPage } from "../../../../pipelines/parts/token/token_page.ts";
import { encodeWithSpecial } from "../../../../stages/token/view/text_tokens.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { loadTokenizer } from "../../../../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../../../../stages/token/tokenizer.ts";
import { trainBpe } from "../../../../stages/token/train/train_bpe.ts";
import { browse, browser } from "../../../browser.ts";

const hostile =
  "</script><script>globalThis.hit = 1</script><img src=x onerror='globalThis.hit = 1'><!-- $& $1 ${x}";
const texts = [
  hostile,
  "Hello, world! 你好世界 🌍 DON'T don't 12345 é\r\n\r\n   \tx  \u0085\ufeff",
  "<|endoftext|>hello <|endoftext|>",
  "x".repeat(3000) + " ".repeat(500),
  "\ud800 lone",
  "",
];

function pageOf(tokenizer: Tokenizer, { name = "gpt2", text = "" } = {}): string {
  const compression = compareCompression([{ name: "this", tokenizer }], { label: "your text", text });
  return tokenPage({ name, tokenizer, text, compression });
}

Deno.test("tokenPage() needs no network and never turns text into markup", async () => {
  const tokenizer = await loadTokenizer("byte");
  const plain = pageOf(tokenizer, { name: "text", text: "text" });
  const attacked = pageOf(tokenizer, { name: hostile, text: hostile });
  deepStrictEqual(attacked.match(/(?:src|href|url\(|@import)\s*=?\s*["']?(?:https?:)?\/\//g) ?? [], []);
  for (const tag of [/<script/g, /<\/script/g, /<img/g, /<!--/g]) {
    strictEqual(attacked.match(tag)?.length, plain.match(tag)?.length, `${tag}`);
  }
});

const trained = await trainBpe(["the cat sat on the mat, the cat"], {
  vocabSize: 280,
  pattern: "none",
  special: ["<|x|>"],
});
const tokenizers: Readonly<Record<string, () => Promise<Tokenizer>>> = {
  gpt2: () => loadTokenizer("gpt2"),
  cl100k: () => loadTokenizer("cl100k"),
  "a trained tokenizer without a pattern": () => Promise.resolve(trained.tokenizer),
};
const ignored = browser === null ? " (ignored: no chromium)" : "";

for (const [name, load] of Object.entries(tokenizers)) {
  Deno.test({
    name: `tokenPage() encodes to the same ids as ${name}${ignored}`,
    ignore: browser === null,
    async fn() {
      const tokenizer = await load();
      const found = await browse<
        { errors: string[]; hit: boolean; ids: number[][]; shown: number; heading: string }
      >(
        pageOf(tokenizer, { name: hostile, text: texts[0] }),
        `{
          errors,
          hit: "hit" in globalThis,
          ids: ${JSON.stringify(texts).replaceAll("<", "\\u003c")}.map((text) => encode(text.toWellFormed())),
          shown: document.querySelectorAll("#tokens i").length,
          heading: document.querySelector("h1").textContent,
        }`,
      );
      deepStrictEqual([found.errors, found.hit], [[], false]);
      deepStrictEqual(found.ids, texts.map((text) => [...encodeWithSpecial(text, tokenizer)]));
      strictEqual(found.shown, found.ids[0].length);
      strictEqual(found.heading, `Tokens of ${hostile}`);
    },
  });
}

Deno.test({
  name:
    `tokenPage() encodes typed text, describes the token under the pointer, and names unknown characters${ignored}`,
  ignore: browser === null,
  async fn() {
    const script = `(() => {
      const type = (text) => {
        document.querySelector("textarea").value = text;
        document.querySelector("textarea").dispatchEvent(new Event("input"));
        return [...document.querySelectorAll("#ids i")].map((i) => i.textContent);
      };
      const first = type("cat");
      [...document.querySelectorAll("#tokens i")].at(-1).dispatchEvent(new Event("pointerover", { bubbles: true }));
      return { errors, first, about: document.querySelector("#about").textContent, counts: document.querySelector("#counts").textContent,
        table: document.querySelector("#compression").textContent, missing: (type("dog"), document.querySelector("#counts").textContent) };
    })()`;
    interface PageState {
      errors: string[];
      first: string[];
      about: string;
      counts: string;
      table: string;
      missing: string;
    }
    const merged = await browse<PageState>(pageOf(trained.tokenizer), script);
    deepStrictEqual(merged.errors, []);
    deepStrictEqual(merged.first, [...trained.tokenizer.encode("cat")].map(String));
    ok(
      merged.about.includes(`id ${merged.first.at(-1)}, bytes `) && merged.about.includes("merged from"),
      merged.about,
    );
    ok(merged.counts.includes("3 characters"), merged.counts);
    ok(merged.table.includes("Hindi"), merged.table);
    const chars = await browse<PageState>(pageOf(CharTokenizer.fromTexts(["cat sat"])), script);
    deepStrictEqual([chars.errors, chars.first], [[], ["2", "1", "4"]]);
    strictEqual(chars.missing, 'Cannot encode this: "d" is not in the vocabulary');
  },
});
