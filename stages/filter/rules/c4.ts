/**
 * C4's line and page rules, as FineWeb uses them: without the rule on terminal punctuation.
 * Source: Raffel et al. 2020 (JMLR 21/140), section 2.2; rules and order as in datatrove.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { codePointCount, splitLines, splitSpace, strip } from "../words/python_text.ts";
import { resolveRuleOptions, type RuleOptions } from "../recipe.ts";

/** What C4's rules can be told. */
export interface C4Options extends RuleOptions {
  /** Least sentences in the lines that stay (default 5). */
  readonly minSentences?: number;
  /** Least words a line that stays has, between white space (default 3). */
  readonly minWordsPerLine?: number;
  /** Longest word a line that stays has, in characters (default 1000). */
  readonly maxWordLength?: number;
  /** Drop lines that do not end in . ? ! or a quote, or that end in an ellipsis (default false, as FineWeb). */
  readonly terminalPunctuation?: boolean;
}

const citations = /\[\p{Nd}*\]|\[edit\]|\[citation needed\]/gu;
const policies = /terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies/;

/**
 * Takes unwanted lines and citation marks out of a text, and drops documents: `lorem_ipsum`, `curly_bracket`,
 * `too_few_sentences`. Blank lines go too: what follows sees the text rewritten, one line after another.
 *
 * Lines are judged in order, so a "{" on a line that is dropped anyway does not drop the document. Both
 * generations judge alike.
 */
export function c4(options: C4Options = {}): Stage<Document, Document> {
  const { sentences } = resolveRuleOptions(options);
  const { minSentences = 5, minWordsPerLine = 3, maxWordLength = 1000, terminalPunctuation = false } =
    options;
  const whole = (text: string): { reason: string } | { text: string } => {
    const kept: string[] = [];
    let count = 0;
    for (const raw of splitLines(text)) {
      const words = splitSpace(raw);
      if (words.some((word) => word.length > maxWordLength && codePointCount(word) > maxWordLength)) continue;
      const line = strip(raw).replace(citations, "");
      if (terminalPunctuation && (!/[.?!"']$/.test(line) || line.endsWith("..."))) continue;
      if (words.length < minWordsPerLine) continue;
      const lower = line.toLowerCase();
      if (lower.includes("lorem ipsum")) return { reason: "lorem_ipsum" };
      if (lower.includes("javascript")) continue;
      if (line.includes("{")) return { reason: "curly_bracket" };
      if (policies.test(lower)) continue;
      count += sentences(line).length;
      kept.push(line);
    }
    if (count < minSentences) return { reason: "too_few_sentences" };
    return { text: strip(kept.join("\n")) };
  };
  return stage<Document, Document, null>({
    name: "c4",
    open: () => null,
    push(doc, _state, ctx) {
      const result = whole(doc.text);
      if ("text" in result) return [result.text === doc.text ? doc : { ...doc, text: result.text }];
      ctx.drop(doc, result.reason);
      return [];
    },
  });
}
