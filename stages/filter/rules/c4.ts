/**
 * C4's rules for lines and pages, as FineWeb uses them: without the rule that a line must end with a
 * punctuation mark.
 * Source: Raffel et al. 2020 (JMLR 21/140), section 2.2; rules and their order as in datatrove.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { codePointCount, splitLines, splitSpace, strip } from "../words/python_text.ts";
import { resolveRuleOptions, type RuleOptions, withDefaults } from "../recipe.ts";

/** Options of C4's rules. */
export interface C4Options extends RuleOptions {
  /** Minimum number of sentences in the kept lines of a document (default 5). */
  readonly minSentences?: number;
  /** Minimum number of words in a kept line; words are split at white space (default 3). */
  readonly minWordsPerLine?: number;
  /** Maximum length of a word in a kept line, in characters (default 1000). */
  readonly maxWordLength?: number;
  /**
   * Whether to remove lines that do not end with . ? ! or a quotation mark, and lines that end with an
   * ellipsis (default false).
   */
  readonly terminalPunctuation?: boolean;
}

/** Defaults of C4's rules. */
export const c4Defaults: Required<Omit<C4Options, keyof RuleOptions>> = {
  minSentences: 5,
  minWordsPerLine: 3,
  maxWordLength: 1000,
  terminalPunctuation: false,
};

const citations = /\[\p{Nd}*\]|\[edit\]|\[citation needed\]/gu;
const policies = /terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies/;

/**
 * Removes unwanted lines, blank lines and citation marks from a text, and drops documents for the reasons
 * `lorem_ipsum`, `curly_bracket` and `too_few_sentences`. Later filters see the rewritten text.
 *
 * The rules for lines and for documents are applied in datatrove's order: for example, a "{" in a line of
 * fewer than `minWordsPerLine` words does not drop the document, because the line is removed first. Both
 * versions have the same rules.
 *
 * @example
 * ```ts
 * import { c4, from } from "@stagewise/gpt";
 *
 * const documents = [{ id: "1", text: "Lorem ipsum dolor sit amet." }];
 * const kept = await Array.fromAsync(from(documents).pipe(c4()).stream());
 * console.log(kept.length); // 0
 * ```
 */
export function c4(options: C4Options = {}): Stage<Document, Document> {
  const { sentences } = resolveRuleOptions(options);
  const { minSentences, minWordsPerLine, maxWordLength, terminalPunctuation } = withDefaults(
    options,
    c4Defaults,
  );
  const apply = (text: string): { reason: string } | { text: string } => {
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
      const result = apply(doc.text);
      if ("text" in result) return [result.text === doc.text ? doc : { ...doc, text: result.text }];
      ctx.drop(doc, result.reason);
      return [];
    },
  });
}
