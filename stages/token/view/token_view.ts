/**
 * The tokens of a text as a notebook shows them: coloured, with their ids.
 *
 * @module
 */
import {
  escaped,
  jupyterDisplay,
  type MimeBundle,
  type NotebookDisplay,
} from "../../format/viewer/notebook.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { type TextToken, tokensOf } from "./text_tokens.ts";
import { visibleToken } from "./visible_token.ts";

const backgrounds = ["#cfe3ff", "#ffe3b8", "#cdf0d3", "#ffd2dc", "#e3d8ff", "#f5efb0"]; // for dark text

/** The tokens of a text. In a notebook they are coloured in turn, and a pointer over a token shows its id. */
export class TokenView implements NotebookDisplay {
  /** The tokens in order. */
  readonly tokens: readonly TextToken[];

  /** `tokenView()` makes the tokens from a text. */
  constructor(tokens: readonly TextToken[]) {
    this.tokens = tokens;
  }

  /** Returns a text such as "2 tokens for 5 bytes: Hi|␣you (17250 345)". */
  toString(): string {
    const shown = this.tokens.map(({ bytes }) => visibleToken(bytes)).join("|");
    return `${this.#summary()}: ${shown} (${this.tokens.map(({ id }) => id).join(" ")})`;
  }

  /** Returns the tokens as coloured spans, and as the text of `toString()`. */
  [jupyterDisplay](): MimeBundle {
    const spans = this.tokens.map(({ id, bytes, special }, i) => {
      const background = special ? "#1c2126" : backgrounds[i % backgrounds.length];
      const color = special ? "#ffffff" : "#1c2126";
      return `<span title="id ${id}, ${bytes.length} bytes" style="background:${background};color:${color}">${
        escaped(visibleToken(bytes))
      }</span>${bytes.includes(0x0A) ? "<br>" : ""}`;
    });
    return {
      "text/plain": this.toString(),
      "text/html": `<div style="font:14px/1.8 ui-monospace,monospace;overflow-wrap:anywhere">${
        spans.join("<wbr>")
      }</div><small>${this.#summary()}</small>`,
    };
  }

  #summary(): string {
    const bytes = this.tokens.reduce((sum, token) => sum + token.bytes.length, 0);
    return `${this.tokens.length} tokens for ${bytes} bytes`;
  }
}

/**
 * Returns the tokens of a text for a notebook; special tokens are allowed everywhere. Throws RangeError if
 * the text cannot be encoded.
 *
 * @example
 * ```ts
 * import { byteTokenizer } from "../byte.ts";
 * import { tokenView } from "./token_view.ts";
 *
 * console.log(`${tokenView("a b", byteTokenizer())}`); // "3 tokens for 3 bytes: a|␣|b (97 32 98)"
 * ```
 */
export function tokenView(text: string, tokenizer: Tokenizer): TokenView {
  return new TokenView(tokensOf(text, tokenizer));
}
