import { FastText } from "../../../../stages/filter/language/fasttext.ts";
import { language, loadLanguageModel } from "../../../../stages/filter/language/language.ts";
import { equal, openFilter } from "../filter_checks.ts";

// The expected scores are those of fastText itself with lid.176.ftz.
Deno.test("FastText.predict() gives fastText's own scores", async () => {
  const model = await loadLanguageModel();
  for (
    const [text, label, score] of [
      ["This is pure english text", "en", 0.870],
      ["buy cheap viagra online now", "en", 0.631],
    ] as const
  ) {
    const got = model.predict(text);
    equal(got.label, label);
    if (Math.abs(got.probability - score) > 0.001) {
      throw new Error(`${text}: ${got.probability}, expected ${score}`);
    }
  }
});

Deno.test("language() keeps English with a sufficient score by default, and names other languages in the reason", async () => {
  const filter = await openFilter(language());
  const kept = filter("I wish it need not have happened in my time, said Frodo.\nSo do I, said Gandalf.");
  equal([kept.reason, kept.doc.language], [null, "en"]);
  if (!(kept.doc.languageScore! > 0.65)) throw new Error(`Score ${kept.doc.languageScore}`);
  equal(
    filter("Tout ce que nous avons à décider, c'est ce que nous ferons du temps.").reason,
    "language_fr",
  );
  equal(filter("buy cheap viagra online now").reason, "language_score_en");
  equal(filter("日本語の文章です。これは英語ではありません。").reason, "language_ja");
});

Deno.test("language() accepts a list of languages, any language, and an empty text", async () => {
  const quote = "Tout ce que nous avons à décider, c'est ce que nous ferons du temps.";
  equal((await openFilter(language({ languages: ["it", "fr"] })))(quote).reason, null);
  equal((await openFilter(language({ languages: [] })))(quote).reason, null);
  if ((await openFilter(language()))("").reason === null) {
    throw new Error("An empty text was taken as English");
  }
});

Deno.test("FastText refuses files that are no model, of another format, or truncated", () => {
  const throws = (bytes: Uint8Array<ArrayBuffer>, part: string) => {
    try {
      new FastText(bytes);
    } catch (error) {
      if (error instanceof Error && error.message.includes(part)) return;
      throw error;
    }
    throw new Error(`Accepted: expected "${part}"`);
  };
  throws(new Uint8Array(0), "is truncated");
  throws(new Uint8Array(16), "wrong magic");
  const head = new Uint8Array(8);
  new DataView(head.buffer).setInt32(0, 793712314, true);
  throws(head, "format 0");
  new DataView(head.buffer).setInt32(4, 12, true);
  throws(head, "is truncated");
});
