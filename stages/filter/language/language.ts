/**
 * Language identification by fastText's lid.176 (176 languages, the quantized model), which installs from npm.
 * Source: Joulin et al. 2016; model from https://fasttext.cc, CC BY-SA 3.0, in npm fasttext.wasm.js.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { FastText } from "./fasttext.ts";
import type { RecipeGeneration } from "../recipe.ts";

/** What to keep. */
export interface LanguageOptions {
  /** Labels to keep (default `["en"]`); none: any language. */
  readonly languages?: readonly string[];
  /** A score must be above it (default 0.65, FineWeb's). */
  readonly threshold?: number;
  /** `release` takes line ends out before asking, `current` (default) puts a space. */
  readonly recipe?: RecipeGeneration;
}

/**
 * Keeps documents whose most probable language is wanted and sure enough, and sets `language` and `languageScore`.
 * Drops with the language as reason: `language_fr`, or `language_score_en` where the score is too low. Needs read
 * permission for the package cache.
 */
export function language(options: LanguageOptions = {}): Stage<Document, Document> {
  const { languages = ["en"], threshold = 0.65, recipe = "current" } = options;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new RangeError(`Language threshold is ${threshold}: wanted a number from 0 to 1`);
  }
  const gap = recipe === "release" ? "" : " ";
  return stage<Document, Document, { model: FastText }>({
    name: "language",
    open: async () => ({ model: await loadLanguageModel() }),
    push(doc, { model }, ctx) {
      const { label, probability } = model.predict(doc.text.replaceAll("\n", gap));
      const judged: Document = { ...doc, language: label, languageScore: probability };
      if (languages.length > 0 && !languages.includes(label)) ctx.drop(judged, `language_${label}`);
      else if (!(probability > threshold)) ctx.drop(judged, `language_score_${label}`);
      else return [judged];
      return [];
    },
    save: () => null,
  });
}

let loaded: Promise<FastText> | undefined;

/** The lid.176 model, read once in a thread. Throws Deno.errors.NotFound if the package is incomplete. */
export function loadLanguageModel(): Promise<FastText> {
  return loaded ??= load();
}

async function load(): Promise<FastText> {
  await import("fasttext.wasm.js/package.json", { with: { type: "json" } }); // makes Deno install it
  const home = import.meta.resolve("fasttext.wasm.js/package.json");
  const path = new URL("./dist/models/language-identification/assets/lid.176.ftz", home);
  return new FastText(await Deno.readFile(path));
}
