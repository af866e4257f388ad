/**
 * `tokenizer --inspect`: shows a text's tokens in the terminal and on a page, and compares how vocabularies
 * compress.
 *
 * @module
 */
import { dirname } from "node:path";
import { asSource } from "../../../stages/flow/as_source.ts";
import { type Flow, from } from "../../../stages/flow/flow.ts";
import { map } from "../../../stages/flow/stage.ts";
import { count } from "../../../stages/report/quantity.ts";
import { utf8Length } from "../../../stages/token/encode.ts";
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import type { Env } from "../../cli/pipeline.ts";
import { writeWhole } from "../../../stages/disk/whole_files.ts";
import { compareCompression, compressionLines } from "./compression.ts";
import { referenceNames, referenceTokenizers } from "./reference_tokenizers.ts";
import { tokenLines } from "./token_lines.ts";
import { tokenPage } from "./token_page.ts";
import { encodeWithSpecial, tokensOfIds } from "../../../stages/token/view/text_tokens.ts";
import { checkWritable, makeFolder } from "../../../stages/disk/files.ts";

/** Options of `inspectText`. */
export interface InspectTextOptions {
  /** Text to show, or `-` for standard input. */
  readonly text: string;
  /** Name or path of the tokenizer. */
  readonly tokenizer: string;
  /** Path of the page to write. */
  readonly page: string;
}

const mostCharacters = 100_000; // limit for the page, which encodes the text again at each keystroke
const mostTokens = 1000; // limit for the terminal, where more tokens would scroll out of view

/**
 * Returns a flow that shows one text. Throws the same errors as `loadTokenizer`, and RangeError for a text
 * that the tokenizer cannot encode.
 */
export async function inspectText(options: InspectTextOptions, env: Env): Promise<Flow<unknown>> {
  const tokenizer = await loadTokenizer(options.tokenizer);
  const text = options.text === "-" && !env.dry
    ? await new Response(Deno.stdin.readable).text()
    : options.text;
  const ids = encodeWithSpecial(text, tokenizer);
  await checkWritable(options.page);
  return from(asSource("text", () => [text])).pipe(map("inspect", async (text, { emit }) => {
    const bytes = utf8Length(text), characters = characterCount(text);
    const more = [
      ...(ids.length > mostTokens ? [`… and ${count(ids.length - mostTokens)} more tokens`] : []),
      ...(text.length > mostCharacters
        ? [`The page shows the first ${count(mostCharacters)} characters`]
        : []),
    ];
    const ratio = ids.length === 0 ? "" : `: ${(bytes / ids.length).toFixed(2)} bytes per token`;
    emit({ type: "tokens", tokenizer: options.tokenizer, ids: [...ids], bytes, characters });
    const own = referenceNames.includes(options.tokenizer) ? [] : [{ name: "this", tokenizer }];
    const compression = compareCompression([...own, ...await referenceTokenizers()], {
      label: "your text",
      text,
    });
    env.print(
      [
        ...tokenLines(tokensOfIds(ids.subarray(0, mostTokens), tokenizer), env.terminal),
        ...more,
        "",
        `${options.tokenizer}: ${count(ids.length)} tokens, ${count(characters)} characters, ${
          count(bytes)
        } bytes${ratio}`,
        "",
        ...compressionLines(compression),
        "",
      ].map((line) => `${line}\n`).join(""),
    );
    await makeFolder(dirname(options.page));
    const shown = text.slice(0, mostCharacters);
    await writeWhole(
      options.page,
      tokenPage({ name: options.tokenizer, tokenizer, text: shown, compression }),
    );
  }));
}

function characterCount(text: string): number {
  let characters = 0;
  for (const _ of text) characters++;
  return characters;
}
