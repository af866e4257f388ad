/**
 * Several whole texts of a model at once, as a script or a notebook wants them.
 *
 * @module
 */
import { escaped, jupyterDisplay, type MimeBundle, type NotebookDisplay } from "../format/viewer/notebook.ts";
import type { ModelSession } from "../model/model_session.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { type GenerateOptions, generateTexts } from "./generate_texts.ts";

/** Which texts to generate. */
export interface SampleTextsOptions extends GenerateOptions {
  /** Text to continue; empty (default): the texts start a new document. */
  readonly prompt?: string;
  /** Number of texts (default 1). They have the sample indices 0, 1, 2 and so on. */
  readonly count?: number;
}

/** Continuations of a prompt. A notebook shows them as a list. */
export class TextSamples implements NotebookDisplay {
  /** The prompt that they continue; may be empty. */
  readonly prompt: string;
  /** The continuations, without the prompt. */
  readonly texts: readonly string[];

  /** `sampleTexts()` generates the texts. */
  constructor(prompt: string, texts: readonly string[]) {
    this.prompt = prompt;
    this.texts = texts;
  }

  /** Returns the prompt and each continuation; between two samples stands a line with three hyphens. */
  toString(): string {
    return this.texts.map((text) => this.prompt + text).join("\n---\n");
  }

  /** Returns the samples as a list with the prompt in bold, and as the text of `toString()`. */
  [jupyterDisplay](): MimeBundle {
    const items = this.texts.map((text) =>
      `<li style="white-space:pre-wrap;margin-bottom:8px"><b>${escaped(this.prompt)}</b>${escaped(text)}</li>`
    );
    return { "text/plain": this.toString(), "text/html": `<ol>${items.join("")}</ol>` };
  }
}

/** Generates `count` continuations of a prompt. Throws the same errors as `generateTexts()`. */
export async function sampleTexts(
  model: ModelSession,
  tokenizer: Tokenizer,
  { prompt = "", count = 1, ...options }: SampleTextsOptions,
): Promise<TextSamples> {
  const requests = Array.from({ length: count }, (_, sample) => ({ prompt, sample }));
  const texts = requests.map(() => "");
  for await (const event of generateTexts(model, tokenizer, { ...options, texts: requests })) {
    if ("piece" in event) texts[event.text] += event.piece;
  }
  return new TextSamples(prompt, texts);
}
