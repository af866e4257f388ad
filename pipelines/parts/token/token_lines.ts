/**
 * Formats tokens for a terminal, in rows that fit its width. Each token has its id below it; neighbouring
 * tokens are separated by spaces and different colours.
 *
 * @module
 */
import stringWidth from "string-width";
import { painter, truncate } from "../../../stages/report/terminal_text.ts";
import { visibleToken } from "../../../stages/token/view/visible_token.ts";
import type { TextToken } from "../../../stages/token/view/text_tokens.ts";

/** The terminal's width, and whether colours may be used. */
export interface TokenLinesOptions {
  readonly columns: number;
  readonly color: boolean;
}

const backgrounds = [153, 223, 157, 217, 189, 229]; // xterm colours, pale enough for black text

/**
 * Returns rows of two lines each: the tokens, and below them their ids. A token that contains a line break
 * ends its row.
 */
export function tokenLines(tokens: readonly TextToken[], { columns, color }: TokenLinesOptions): string[] {
  const paint = painter(color);
  const lines: string[] = [];
  let top = "", bottom = "", used = 0;
  const endRow = (): void => {
    if (used > 0) lines.push(top.trimEnd(), paint("dim", bottom.trimEnd()));
    [top, bottom, used] = ["", "", 0];
  };
  tokens.forEach(({ id, bytes, special }, i) => {
    const shown = truncate(visibleToken(bytes), columns - 1);
    const width = Math.max(stringWidth(shown), String(id).length);
    if (used > 0 && used + 1 + width > columns - 1) endRow();
    const gap = used > 0 ? " " : "";
    top += gap + coloured(shown, color ? special ? "special" : i : null) +
      " ".repeat(width - stringWidth(shown));
    bottom += gap + String(id).padEnd(width);
    used += gap.length + width;
    if (bytes.includes(0x0A)) endRow();
  });
  endRow();
  return lines;
}

function coloured(text: string, style: number | "special" | null): string {
  if (style === null) return text;
  if (style === "special") return `\x1b[1;7m${text}\x1b[0m`;
  return `\x1b[38;5;16;48;5;${backgrounds[style % backgrounds.length]}m${text}\x1b[0m`;
}
