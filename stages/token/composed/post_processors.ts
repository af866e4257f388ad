/**
 * Post-processors of `tokenizer.json`: special tokens before and after a text.
 *
 * Source: huggingface/tokenizers, src/processors.
 *
 * @module
 */
import type { JsonField } from "./json_field.ts";

/** Ids that are put before and after a text. */
export interface Surrounding {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Reads a post-processor. Throws SyntaxError with the field for one that is not supported. */
export function postProcessorOf(field: JsonField): Surrounding {
  if (field.isNull) return { before: [], after: [] };
  switch (field.type) {
    case "ByteLevel": // changes only offsets
      field.only(["add_prefix_space", "trim_offsets", "use_regex"]);
      return { before: [], after: [] };
    case "TemplateProcessing":
      return template(field);
    case "BertProcessing":
    case "RobertaProcessing":
      field.only(["sep", "cls", "trim_offsets", "add_prefix_space"]);
      return { before: [namedId(field.at("cls"))], after: [namedId(field.at("sep"))] };
    case "Sequence": {
      field.only(["processors"]);
      const parts = field.at("processors").list().map(postProcessorOf);
      const adding = parts.filter(({ before, after }) => before.length + after.length > 0);
      if (adding.length > 1) {
        throw field.at("processors").refuse("not supported: more than one of them adds special tokens");
      }
      return adding[0] ?? { before: [], after: [] };
    }
    default:
      throw field.at("type").refuse(
        `${
          JSON.stringify(field.type)
        } is not supported: expected ByteLevel, TemplateProcessing, BertProcessing, ` +
          `RobertaProcessing or Sequence`,
      );
  }
}

/** Reads `["</s>", 2]`. */
function namedId(field: JsonField): number {
  const parts = field.list();
  if (parts.length !== 2) throw field.refuse("expected a token and its id");
  return parts[1].count();
}

function template(field: JsonField): Surrounding {
  field.only(["single", "pair", "special_tokens"]); // `pair` is for two texts, which are never encoded together
  const ids = new Map(
    field.at("special_tokens").entries().map(([name, token]) => {
      token.only(["id", "ids", "tokens"]);
      return [name, token.at("ids").list().map((id) => id.count())] as const;
    }),
  );
  const before: number[] = [], after: number[] = [];
  let text: JsonField | null = null;
  for (const part of field.at("single").list()) {
    part.only(["SpecialToken", "Sequence"]);
    const special = part.at("SpecialToken");
    if (special.isNull) {
      if (text !== null) throw part.refuse("the text stands in the template twice");
      text = part.at("Sequence");
      text.at("id").oneOf(["A"]);
      continue;
    }
    const found = ids.get(special.at("id").string());
    if (found === undefined) throw special.at("id").refuse("the token is not among special_tokens");
    (text === null ? before : after).push(...found);
  }
  if (text === null) throw field.at("single").refuse("the text is missing");
  return { before, after };
}
