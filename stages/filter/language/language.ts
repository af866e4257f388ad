/**
 * Language identification with fastText's quantized model lid.176 for 176 languages, which is installed from
 * npm.
 * Source: Joulin et al. 2016; model from https://fasttext.cc, CC BY-SA 3.0, in npm fasttext.wasm.js.
 *
 * @module
 */
import { packageFolder } from "../../disk/packages.ts";
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { FastText } from "./fasttext.ts";
import { type RecipeGeneration, withDefaults } from "../recipe.ts";

/** Which languages are kept. */
export interface LanguageOptions {
  /** Language codes to keep (default `["en"]`); an empty list keeps all languages. */
  readonly languages?: readonly string[];
  /** Score that a document must exceed (default 0.65, FineWeb's value). */
  readonly threshold?: number;
  /**
   * How line ends are removed before prediction: `release` deletes them, `current` (default) replaces them by
   * spaces.
   */
  readonly recipe?: RecipeGeneration;
}

/** Defaults of `language`. */
export const languageDefaults: Required<LanguageOptions> = {
  languages: ["en"],
  threshold: 0.65,
  recipe: "current",
};

/**
 * Keeps documents whose most probable language is in the list with a sufficient score, and sets `language`
 * and `languageScore`. The reason for dropping a document contains its language: `language_fr`, or
 * `language_score_en` if only the score is too low. Needs read permission for the package cache. Throws
 * RangeError for a threshold below 0 or above 1.
 *
 * @example
 * ```ts
 * import { from, language } from "@stagewise/gpt";
 *
 * const documents = [
 *   { id: "1", text: "We hold these truths to be self-evident." },
 *   { id: "2", text: "Alle Menschen sind frei und gleich an Würde geboren." },
 * ];
 * const kept = await Array.fromAsync(from(documents).pipe(language({ languages: ["de"] })).stream());
 * console.log(kept.map(({ id }) => id)); // [ "2" ]
 * ```
 */
export function language(options: LanguageOptions = {}): Stage<Document, Document> {
  const { languages, threshold, recipe } = withDefaults(options, languageDefaults);
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new RangeError(`The language threshold is ${threshold}: expected a number from 0 to 1`);
  }
  const gap = recipe === "release" ? "" : " ";
  return stage<Document, Document, { model: FastText }>({
    name: "language",
    open: async () => ({ model: await loadLanguageModel() }),
    push(doc, { model }, ctx) {
      const { label, probability } = model.predict(doc.text.replaceAll("\n", gap));
      const labelled: Document = { ...doc, language: label, languageScore: probability };
      if (languages.length > 0 && !languages.includes(label)) ctx.drop(labelled, `language_${label}`);
      else if (!(probability > threshold)) ctx.drop(labelled, `language_score_${label}`);
      else return [labelled];
      return [];
    },
    save: () => null,
  });
}

let loaded: Promise<FastText> | undefined;

/**
 * Returns the model lid.176, loaded once per thread. Throws Deno.errors.NotFound if the package is
 * incomplete.
 */
export function loadLanguageModel(): Promise<FastText> {
  return loaded ??= load();
}

async function load(): Promise<FastText> {
  const home = await packageFolder("fasttext.wasm.js");
  const path = new URL("./dist/models/language-identification/assets/lid.176.ftz", home);
  return new FastText(await Deno.readFile(path));
}
