import { FastText } from "../../../../stages/filter/language/fasttext.ts";
import { language, loadLanguageModel } from "../../../../stages/filter/language/language.ts";
import { equal, openFilter } from "../filter_checks.ts";
import { bytesOf, probabilities, tiny, type TinyModel } from "./tiny_model.ts";

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

const texts = [
  "",
  "a",
  "bé",
  "a bé  a",
  "é",
  "日本語 a",
  "abcdefg bébé",
  "x".repeat(40),
  "\u{1f600}a b\u07ff",
];

Deno.test("FastText.predict() gives the most probable label by definition, for models of each kind", () => {
  const kept = new Map([[0, 1], [2, 0], [4, 2]]);
  const models: readonly TinyModel[] = [
    tiny,
    { ...tiny, hasNorms: false },
    { ...tiny, kept, rows: 6 },
    { ...tiny, kept: new Map(), rows: 3 },
    { ...tiny, kept: new Map(), rows: 3, buckets: 0, maxNgram: 0 },
    { ...tiny, minNgram: 2, maxNgram: 2, buckets: 1, rows: 4 },
    { ...tiny, width: 3, lastWidth: 3, parts: 1 },
    { ...tiny, width: 1, lastWidth: 1, parts: 3 },
    { ...tiny, labels: tiny.labels.slice(0, 1) },
    { ...tiny, labels: tiny.labels.slice(0, 2) },
  ];
  for (const [i, model] of models.entries()) {
    const fastText = new FastText(bytesOf(model));
    for (const text of texts) {
      const [[label, most]] = [...probabilities(text, model)].sort(([, p], [, q]) => q - p);
      const got = fastText.predict(text), about = `model ${i}, ${JSON.stringify(text)}`;
      equal(got.label, label, about);
      if (Math.abs(got.probability - most) > 1e-5) {
        throw new Error(`${about}: ${got.probability}, expected ${most}`);
      }
    }
  }
});

Deno.test("FastText refuses models whose sizes do not agree, and accepts the least ones that do", () => {
  const wrong: readonly Partial<TinyModel>[] = [
    { missingCodes: 1 },
    { rows: 7 },
    { width: 1 },
    { width: 3 },
    { lastWidth: 0 },
    { lastWidth: 2 },
    { width: 1, lastWidth: 2 },
    { parts: 3 },
    { parts: 0, width: 3, lastWidth: 6 },
    { kept: new Map([[1, 3]]), rows: 6 },
    { kept: new Map(), rows: 2 },
    { kept: new Map(), rows: 2, buckets: 0 },
  ];
  for (const change of wrong) {
    let message = "";
    try {
      new FastText(bytesOf({ ...tiny, ...change }));
    } catch (error) {
      message = `${error}`;
    }
    if (!message.startsWith("TypeError: Broken fastText model: its input has")) {
      throw new Error(`${JSON.stringify(change)}: ${message || "accepted"}`);
    }
  }
  new FastText(bytesOf({ ...tiny, kept: new Map([[1, 3]]), rows: 7 }));
  new FastText(bytesOf({ ...tiny, rows: 9 }));
});

Deno.test("FastText refuses sizes beyond its limits, before it allocates memory", () => {
  // Index of the number in the header, and its limit.
  const limits = { dimensions: [2, 2 ** 12], buckets: [10, 2 ** 24], minNgram: [11, 32], maxNgram: [12, 32] };
  for (const [name, [index, limit]] of Object.entries(limits)) {
    for (const [value, refused] of [[-1, true], [limit, false], [limit + 1, true]] as const) {
      const header = bytesOf(tiny).slice(0, 64);
      new DataView(header.buffer).setInt32(4 * index, value, true);
      let message = "";
      try {
        new FastText(header);
      } catch (error) {
        message = `${error}`;
      }
      equal(message.includes(`is ${value}, expected 0 to ${limit}`), refused, `${name}: ${message}`);
    }
  }
});
