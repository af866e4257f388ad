/**
 * Chooses a chat template by its name.
 *
 * @module
 */
import type { Tokenizer } from "../../token/tokenizer.ts";
import { jinjaTemplate } from "./jinja.ts";
import { hasNanochatTokens, nanochatTemplate } from "./nanochat.ts";
import type { ChatTemplate } from "./template.ts";

/** ChatML. It has no `{% generation %}` blocks, which not every program that reads a model's files knows. */
export const CHATML = "{%- for message in messages %}{{- '<|im_start|>' + message['role'] + '\\n' + " +
  "message['content'] + '<|im_end|>\\n' }}{%- endfor %}" +
  "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

/** Names of the templates that come with the program; `model` is the one of the model's own files. */
const templateNames = ["model", "nanochat", "chatml"] as const;

/**
 * Returns the template of a name, or the Jinja template of a file, whose text `read` returns. Null stands for
 * the model's own, otherwise nanochat's, otherwise ChatML, whichever fits the tokenizer. Throws RangeError if
 * none fits.
 */
export async function chooseTemplate(
  tokenizer: Tokenizer,
  { name, read }: { readonly name: string | null; readonly read: (path: string) => Promise<string> },
): Promise<ChatTemplate> {
  const own = tokenizer.chatTemplate ?? null;
  switch (name ?? fitting(tokenizer)) {
    case "model":
      if (own !== null) return jinjaTemplate(tokenizer, { source: own, name: "of the model" });
      throw new RangeError(
        `Cannot use --template model: the model's files have no chat template: give one of ${
          templateNames.slice(1).join(", ")
        }, or the file of a Jinja template`,
      );
    case "nanochat":
      return nanochatTemplate(tokenizer);
    case "chatml":
      return jinjaTemplate(tokenizer, { source: CHATML, name: "chatml" });
    case "":
      throw new RangeError(
        "Cannot write conversations: the model has no chat template, and its tokenizer neither nanochat's " +
          "special tokens nor <|im_start|>: give --template with the file of a Jinja template",
      );
    default:
      return jinjaTemplate(tokenizer, { source: await read(name ?? ""), name: name ?? "" });
  }
}

function fitting(tokenizer: Tokenizer): string {
  if ((tokenizer.chatTemplate ?? null) !== null) return "model";
  if (hasNanochatTokens(tokenizer)) return "nanochat";
  return tokenizer.special.has("<|im_start|>") && tokenizer.special.has("<|im_end|>") ? "chatml" : "";
}
