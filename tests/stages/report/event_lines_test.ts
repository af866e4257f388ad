import { strictEqual } from "node:assert/strict";
import { wordsLine } from "../../../stages/report/event_lines.ts";

Deno.test("wordsLine() says the share, what it is of, and never rounds to all or divides by none", () => {
  const event = { type: "words", step: 9, samples: 10, words: 812, found: 781 } as const;
  strictEqual(wordsLine(event), "96.2 % of the 812 words of ten samples occur in the training text");
  strictEqual(wordsLine({ ...event, found: 812 }).slice(0, 7), "100.0 %");
  strictEqual(wordsLine({ ...event, words: 10_000, found: 9999 }).slice(0, 20), "99.9 % of the 10,000");
  strictEqual(
    wordsLine({ ...event, samples: 1, words: 1, found: 0, firstTokens: 1 << 24 }),
    "0.0 % of the 1 word of 1 sample occurs in the first 16,777,216 tokens of the training text",
  );
  strictEqual(
    wordsLine({ ...event, words: 0, found: 0 }),
    "The texts of ten samples have no words to look up in the training text",
  );
});
