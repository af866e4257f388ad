/**
 * The files of a model that was trained here, as a Hugging Face folder has them, which the program's commands
 * read.
 *
 * @module
 */
import type { GptConfig } from "../../../../kernels/models/gpt_options.ts";
import { gpt2Config } from "../../../../stages/format/model/gpt2_config.ts";
import { encodeSafetensors } from "../../../../stages/format/model/safetensors_bytes.ts";
import type { ModelSession } from "../../../../stages/model/model_session.ts";
import { withoutPadding } from "../../../../stages/model/weights.ts";
import { BpeTokenizer } from "../../../../stages/token/bpe.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { characterJson } from "../../../../stages/token/files/character_json.ts";
import { huggingFaceJson } from "../../../../stages/token/files/hugging_face.ts";
import type { Tokenizer } from "../../../../stages/token/tokenizer.ts";

/** A file to save. */
export interface SavedFile {
  readonly name: string;
  readonly content: Blob;
}

/** Returns the files of a model. Throws Error for a tokenizer that no file can hold. */
export async function modelFiles(
  model: ModelSession,
  { tokenizer, config }: { readonly tokenizer: Tokenizer; readonly config: GptConfig },
): Promise<readonly SavedFile[]> {
  const weights = withoutPadding(model.plan.model, await model.weights());
  return [
    { name: "model.safetensors", content: new Blob([encodeSafetensors(weights, { format: "pt" })]) },
    {
      name: "config.json",
      content: textBlob(gpt2Config(config, { endOfText: tokenizer.eotToken, dtype: "f32" })),
    },
    { name: "tokenizer.json", content: textBlob(jsonOf(tokenizer)) },
  ];
}

function jsonOf(tokenizer: Tokenizer): string {
  if (tokenizer instanceof CharTokenizer) return characterJson(tokenizer);
  if (tokenizer instanceof BpeTokenizer) return huggingFaceJson(tokenizer);
  throw new Error("This tokenizer cannot be saved: train with one of the kinds under “Tokens”");
}

function textBlob(text: string): Blob {
  return new Blob([text], { type: "application/json" });
}
