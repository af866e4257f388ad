/**
 * Tests the defaults of the filters that are no rules for text: URLs, languages, MinHash, personal data and
 * token counts. The rules are tested in `rules/defaults_test.ts`.
 *
 * @module
 */
import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { extract } from "../../../stages/filter/extract.ts";
import { type FinewebFilter, finewebFilters, finewebStages } from "../../../stages/filter/fineweb_group.ts";
import { language, languageDefaults, loadLanguageModel } from "../../../stages/filter/language/language.ts";
import { signatureSetOf } from "../../../stages/filter/minhash/signature_set.ts";
import { signatureDefaults, Signer } from "../../../stages/filter/minhash/signer.ts";
import { pii, piiDefaults } from "../../../stages/filter/pii/pii.ts";
import { c4Defaults } from "../../../stages/filter/rules/c4.ts";
import { finewebQualityDefaults } from "../../../stages/filter/rules/fineweb_quality.ts";
import { gopherQualityDefaults } from "../../../stages/filter/rules/gopher_quality.ts";
import { gopherRepetitionDefaults } from "../../../stages/filter/rules/gopher_repetition.ts";
import { url, urlDefaults } from "../../../stages/filter/url/url.ts";
import { testDefaults } from "./default_checks.ts";
import { openFilter } from "./filter_checks.ts";

/** The defaults that this file and `rules/defaults_test.ts` test. */
const tested: { readonly [name in FinewebFilter]: object } = {
  "url": urlDefaults,
  "extract": {},
  "language": languageDefaults,
  "gopher-repetition": gopherRepetitionDefaults,
  "gopher-quality": gopherQualityDefaults,
  "c4": c4Defaults,
  "fineweb-quality": finewebQualityDefaults,
  "minhash": signatureDefaults,
  "pii": piiDefaults,
  "count": { tokenizer: "gpt2" },
};

Deno.test("the defaults of every filter of FineWeb's recipe are tested", () => {
  deepStrictEqual(Object.keys(tested), [...finewebFilters]);
  strictEqual(extract.length, 0, "extract() has options: test their defaults");
});

const reasonOfUrl = async (softWords: readonly string[], address: string): Promise<string | null> =>
  (await openFilter(url({ extra: { softWords } })))({ id: "1", text: "text", url: address }).reason;

testDefaults("url()", urlDefaults, {
  lists: async () => {
    strictEqual(
      (await openFilter(url()))({ id: "1", text: "text", url: "https://casino.com/" }).reason,
      null,
    );
  },
  extra: async () => {
    strictEqual(
      (await openFilter(url()))({ id: "1", text: "text", url: "https://bad.com/free" }).reason,
      null,
    );
  },
  softWordThreshold: async () => {
    const words = ["free", "cheap", "deal"];
    const reasons = [0, 1, 2, 3].map((n) =>
      reasonOfUrl(words, `https://a.com/${words.slice(0, n).join("-")}`)
    );
    deepStrictEqual(await Promise.all(reasons), [null, null, "soft_blacklisted", "soft_blacklisted"]);
  },
});

// Two texts whose English scores by lid.176.ftz are the nearest to 0.65 that a search found.
const justBelow = "free online more sell free"; // 0.649999
const justAbove = "online home city london london best buy"; // 0.650029

testDefaults("language()", languageDefaults, {
  languages: async () => {
    const open = await openFilter(language({ threshold: 0 }));
    strictEqual(open("This is pure English text.").reason, null);
    strictEqual(open("Dit is zuiver Nederlandse tekst.").reason, "language_nl");
  },
  threshold: async () => {
    const open = await openFilter(language());
    deepStrictEqual([justBelow, justAbove].map((text) => open(text).reason), ["language_score_en", null]);
    // The score must exceed the threshold: a score equal to it drops the document.
    const model = await loadLanguageModel(), score = model.predict(justAbove).probability;
    ok(score < 0.6501 && model.predict(justBelow).probability > 0.6499, "the texts are near the threshold");
    for (const [threshold, reason] of [[score, "language_score_en"], [score - 2 ** -53, null]] as const) {
      strictEqual((await openFilter(language({ threshold })))(justAbove).reason, reason, `${threshold}`);
    }
  },
  recipe: async () => {
    const score = async (text: string, options = {}) =>
      (await openFilter(language({ threshold: 0, ...options })))(text).doc.languageScore;
    // A line end separates words, as a space does; with `release` it joins them.
    strictEqual(await score("We hold these\ntruths"), await score("We hold these truths"));
    strictEqual(
      await score("We hold these\ntruths", { recipe: "release" }),
      await score("We hold thesetruths"),
    );
  },
});

/** Signatures of two texts that agree in the first `count` hashes of a bucket. */
function agreeing(signer: Signer, count: number): readonly [Uint8Array, Uint8Array] {
  const one = signer.sign("we the people of the united states")!, other = one.slice();
  for (let hash = count; hash < 112; hash++) other[8 * hash] ^= 1;
  return [one, other];
}

testDefaults("Signer", signatureDefaults, {
  shingle: async () => {
    const signer = await Signer.open();
    // A text of one shingle, and with a sixth word of two.
    deepStrictEqual(["a b c d", "a b c d e", "a b c d e f"].map((text) => signer.sign(text) !== null), [
      false,
      true,
      true,
    ]);
    notDeepStrictEqual(signer.sign("a b c d e"), signer.sign("a b c d e f"));
  },
  buckets: async () => {
    const signer = await Signer.open(), [one, other] = agreeing(signer, 0);
    strictEqual(one.length, 8 * 112);
    const keys = signer.keys(one), others = signer.keys(other);
    deepStrictEqual([keys.length, new Set([...keys, ...others]).size], [14, 28]);
  },
  rows: async () => {
    const signer = await Signer.open();
    const equalBuckets = [7, 8, 9, 15, 16].map((hashes) => {
      const [keys, others] = agreeing(signer, hashes).map((signature) => signer.keys(signature));
      return keys.filter((key, i) => key === others[i]).length;
    });
    deepStrictEqual(equalBuckets, [0, 1, 1, 1, 2]);
  },
  seed: async () => {
    const text = "we the people of the united states", expected = (await Signer.open({ seed: 1 })).sign(text);
    deepStrictEqual((await Signer.open()).sign(text), expected);
    for (const seed of [0, 2]) notDeepStrictEqual((await Signer.open({ seed })).sign(text), expected);
  },
});

Deno.test("signatureSetOf() describes what a Signer without options does", async () => {
  const set = { rank: 0, documents: 2, signed: 1 };
  for (const [recipe, words] of [["current", "spacy"], ["release", "treebank"]] as const) {
    const signer = await Signer.open({ recipe });
    deepStrictEqual(signatureSetOf({ recipe }, { signer, ...set }), {
      ...set,
      ...{ shingle: 5, buckets: 14, rows: 8, records: "full", seed: 1 },
      recipe,
      words,
    });
    const named = await Signer.open({ recipe, words }), text = "I don't know what you've done, he said";
    deepStrictEqual(signer.sign(text), named.sign(text));
  }
});

testDefaults("pii()", piiDefaults, {
  recipe: async () => {
    strictEqual((await openFilter(pii()))("Write to JANE@DOE.ORG").doc.text, "Write to email@example.com");
  },
  emails: async () => {
    const open = await openFilter(pii());
    deepStrictEqual([1, 2, 3].map(() => open("a@b.co").doc.text), [
      "email@example.com",
      "firstname.lastname@example.org",
      "email@example.com",
    ]);
  },
  ipAddresses: async () => {
    const open = await openFilter(pii());
    // datatrove's list, which begins again after the sixth address.
    deepStrictEqual([1, 2, 3, 4, 5, 6, 7].map(() => open("8.8.8.8").doc.text), [
      "22.214.171.124",
      "126.96.36.199",
      "188.8.131.52",
      "184.108.40.206",
      "220.127.116.11",
      "18.104.22.168",
      "22.214.171.124",
    ]);
  },
});

Deno.test("finewebStages(): the default tokenizer of count is GPT-2's, which does not join spaces", async () => {
  const [count] = finewebStages({ stages: ["count"] });
  strictEqual((await openFilter(count))("        x").doc.tokenCount, 8);
});
