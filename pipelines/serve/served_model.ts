/**
 * A model that is served.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { ChatTemplate } from "../../stages/chat/template/template.ts";
import type { TokenGenerator } from "../../stages/sample/token_generator.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import type { Toolbox } from "../../stages/tool/toolbox.ts";

/** A model with what its answers need. */
export interface ServedModel {
  /** Name by which requests ask for it. */
  readonly id: string;
  /** Changes when answers to the same request with the same seed may differ. */
  readonly fingerprint: string;
  /** Time at which the model's files were written, in seconds since 1970. */
  readonly created: number;
  readonly generator: TokenGenerator;
  readonly tokenizer: Tokenizer;
  /** The chat template; null if the model has none. */
  readonly template: ChatTemplate | null;
  /** Why there is no template, and what to do. */
  readonly noTemplate: string;
  /** Largest number of tokens of a prompt and its answer. */
  readonly context: number;
  /** Number of texts that are generated at once. */
  readonly parallel: number;
  /** Tools that the server runs for requests without tools of their own; null: none. */
  readonly toolbox: Toolbox | null;
}

/** Returns OpenAI's fingerprint of a model and the machine that it runs on, described by a text. */
export function fingerprint(text: string): string {
  return `fp_${createHash("sha256").update(text).digest("hex").slice(0, 10)}`;
}
