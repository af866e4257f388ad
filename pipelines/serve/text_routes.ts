/**
 * Routes that turn text into tokens and back, as llama.cpp's server has them.
 *
 * @module
 */
import { withObjectArguments, withWrittenTools } from "../../stages/answer/written_tools.ts";
import { ApiError } from "./api_error.ts";
import { messagesIn } from "./chat_fields.ts";
import type { Fields } from "./fields.ts";
import type { ServedModel } from "./served_model.ts";
import { toolFields } from "./tool_fields.ts";

/** Returns the tokens of a text. Throws ApiError for a wrong field. */
export function tokenize(fields: Fields, { tokenizer }: ServedModel): object {
  fields.only(["model", "content", "add_special", "with_pieces"]);
  const content = fields.text("content");
  if (content === undefined) throw fields.error("content", "a text");
  const addSpecialTokens = fields.boolean("add_special");
  const ids = tokenizer.encode(content, { allowedSpecial: "all", addSpecialTokens });
  const tokens = Array.from(
    ids,
    (id) => fields.boolean("with_pieces") ? { id, piece: tokenizer.decode([id]) } : id,
  );
  return { tokens };
}

/** Returns the text of tokens. Throws ApiError for a wrong field. */
export function detokenize(fields: Fields, { tokenizer }: ServedModel): object {
  fields.only(["model", "tokens"]);
  const ids = fields.list("tokens", 1 << 20), { vocabSize } = tokenizer;
  const isId = (id: unknown): id is number =>
    typeof id === "number" && Number.isInteger(id) && id >= 0 && id < vocabSize;
  if (ids === undefined || !ids.every(isId)) throw fields.error("tokens", `a list of ids below ${vocabSize}`);
  return { content: tokenizer.decode(ids) };
}

/** Returns the prompt of a conversation as text. Throws ApiError for a wrong field. */
export function applyTemplate(fields: Fields, { tokenizer, template, noTemplate }: ServedModel): object {
  fields.only(["model", "messages", "tools"]);
  if (template === null) throw new ApiError(400, noTemplate, { code: "no_chat_template" });
  const messages = withObjectArguments(messagesIn(fields)), { tools } = toolFields(fields);
  const conversation = { id: "of the request", messages, tools: tools.map(({ json }) => json) };
  const prompt = template.calls === null ? withWrittenTools(conversation) : conversation;
  try {
    return { prompt: tokenizer.decode(template.prompt(prompt)) };
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new ApiError(400, cause.message, { param: "messages", cause });
  }
}
