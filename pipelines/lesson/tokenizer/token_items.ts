/**
 * Formats tokens and bytes as items of the lesson.
 *
 * @module
 */
import stringWidth from "string-width";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import type { Env } from "../../cli/pipeline.ts";
import { visibleToken } from "../../../stages/token/view/visible_token.ts";
import { tokenLines } from "../../parts/token/token_lines.ts";
import { tokensOf } from "../../../stages/token/view/text_tokens.ts";
import { type Item, lines } from "../item.ts";

/** Returns the tokens of a text, each with its id below it. */
export function tokenItem(
  text: string,
  { tokenizer, env }: { readonly tokenizer: Tokenizer; readonly env: Pick<Env, "terminal"> },
): Item {
  const columns = Math.min(100, env.terminal.columns) - 2; // lessons indent by two columns
  return lines(tokenLines(tokensOf(text, tokenizer), { columns, color: false }));
}

/** Returns texts joined into lines that fit the terminal. Lines are broken only between texts. */
export function wrappedItem(parts: Iterable<string>, { terminal }: Pick<Env, "terminal">): Item {
  const columns = Math.min(100, terminal.columns) - 3; // lessons indent by two columns
  const rows: string[] = [];
  let line = "";
  for (const part of parts) {
    if (line !== "" && stringWidth(line) + stringWidth(part) > columns) {
      rows.push(line);
      line = "";
    }
    line += part;
  }
  return lines([...rows, line]);
}

/** Returns a token in brackets: "[the␣]". */
export function bracketed(bytes: Uint8Array | undefined): string {
  return `[${bytes === undefined ? "" : visibleToken(bytes)}]`;
}

/** Returns ids separated by spaces: "258 100 258 97 99". */
export function spaced(ids: Iterable<number>): string {
  return [...ids].join(" ");
}

/** Returns the SHA-256 hash of a text in UTF-8, as hexadecimal digits. */
export async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
