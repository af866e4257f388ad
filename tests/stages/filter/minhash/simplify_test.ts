/**
 * Tests the simplification of texts. The expected texts come from datatrove's simplify_text in Python, both
 * the current version and that of FineWeb's release.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { simplify } from "../../../../stages/filter/minhash/simplify.ts";

const cases: readonly (readonly [text: string, current: string, release: string])[] = [
  ["|$17.56||1|\n|$15.37||2599|", "0 0 0 0", "0 0"],
  [
    "!/\u2014\u201d:\uff05\uff11\u3008&(\u3001\u2501\\\u3010#%\u300c\u300d\uff0c\u3011\uff1b+^]~\u201c\u300a\u201e';\u2019{|\u2236\u00b4[=-`*\uff0e\uff08\u2013\uff1f\uff01\uff1a$\uff5e\u00ab\u3009,><\u300b)?\uff09\u3002\u2026@_.\"}\u25ba\u00bb\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f",
    "0",
    "",
  ],
  [
    "Don't stop -- it's e-mail (3.14, 1,000 or 1 000)!",
    "don t stop it s e mail 0 0 or 0 0",
    "dont stop  its email 0 0 or 0 0",
  ],
  [
    "Cr\u00e8me br\u00fbl\u00e9e, na\u00efve \u00c5ngstr\u00f6m: \u0130stanbul",
    "creme brulee naive angstrom istanbul",
    "creme brulee naive angstrom istanbul",
  ],
  ["\u0661\u0662\u066b\u0663 and 10.5.2024\u001cend\u0085\u2028x", "0 and 0 0 end x", "0\u066b0 and 0 end x"],
  ["  \t\n ", "", ""],
  [
    "\ud55c\uad6d\uc5b4 \ufb01ne \ufdfa \ud835\udfd9\ud835\udfda",
    "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165 \ufb01ne \ufdfa 0",
    "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165 \ufb01ne \ufdfa 0",
  ],
  [
    "\u0391\u03a3 \u03a3\u0391\u03a3. \u03a3",
    "\u03b1\u03c2 \u03c3\u03b1\u03c2 \u03c3",
    "\u03b1\u03c2 \u03c3\u03b1\u03c2 \u03c3",
  ],
  ["a\u00a0b\u200bc\ufeffd", "a b\u200bc\ufeffd", "a b\u200bc\ufeffd"],
  ["\u00bd \u00b2 x\u00b2", "\u00bd \u00b2 x\u00b2", "\u00bd \u00b2 x\u00b2"],
  ["a - b", "a b", "a  b"],
];

for (const [i, recipe] of (["current", "release"] as const).entries()) {
  Deno.test(`simplify() gives the same texts as datatrove, ${recipe}`, () => {
    for (const [text, ...expected] of cases) deepStrictEqual(simplify(text, recipe), expected[i]);
  });
}

Deno.test("simplify() removes all punctuation, but `current` treats the full-width 1 as a number", () => {
  deepStrictEqual([simplify(cases[1][0], "current"), simplify(cases[1][0], "release")], ["0", ""]);
});
