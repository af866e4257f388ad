import { isPunctuation, isSentenceTerminal, lastCodePoint } from "../../../../stages/filter/words/marks.ts";
import {
  codePointCount,
  isBlank,
  occurrences,
  splitLines,
  splitSpace,
  strip,
} from "../../../../stages/filter/words/python_text.ts";
import { equal } from "../filter_checks.ts";

// Values from CPython 3.11.
Deno.test("codePointCount() counts code points, including lone surrogates", () => {
  equal(codePointCount("a😀b"), 3);
  equal(codePointCount("\ud800a\ud800"), 3);
  equal(codePointCount(""), 0);
});

Deno.test("splitLines() splits where str.splitlines does", () => {
  equal(splitLines("a\r\nb\rc\n\nd\n"), ["a", "b", "c", "", "d"]);
  equal(splitLines("a\vb\fc\x1cd\x1de\x1ef\x85g\u2028h\u2029i"), [
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "i",
  ]);
  equal(splitLines("a\x1fb"), ["a\x1fb"]);
  equal([splitLines(""), splitLines("\n")], [[], [""]]);
});

Deno.test("splitSpace() and strip() use Python's white space, with U+001C and U+0085 but without U+FEFF", () => {
  equal(splitSpace(" a\x1cb\x85c\xa0d\u3000e\ufefff\u200bg "), ["a", "b", "c", "d", "e\ufefff\u200bg"]);
  equal(strip("\x1f\u2003 a b\ufeff\x85"), "a b\ufeff");
  equal([isBlank(" \x1d\u202f"), isBlank("\ufeff"), isBlank("")], [true, false, true]);
});

Deno.test("occurrences() counts occurrences that do not overlap", () => {
  equal([occurrences("......", "..."), occurrences("aaaaa", "aa"), occurrences("", "a")], [2, 2, 0]);
});

Deno.test("isSentenceTerminal() accepts datatrove's 159 marks", () => {
  let count = 0;
  for (let code = 0; code < 0x110000; code++) if (isSentenceTerminal(String.fromCodePoint(code))) count++;
  equal(count, 159);
  equal([..."'\".?!…"].map(isSentenceTerminal), [false, false, true, true, true, false]);
});

Deno.test("isPunctuation() accepts ASCII punctuation, controls and the full-width 1, but not tab and line feed", () => {
  let count = 0;
  for (let code = 0; code < 0x110000; code++) if (isPunctuation(String.fromCodePoint(code))) count++;
  equal(count, 129);
  equal([..."_`~\x00\x7f１»"].every(isPunctuation), true);
  equal([..."\t\n a1²"].some(isPunctuation), false);
});

Deno.test("lastCodePoint() returns a whole surrogate pair", () => {
  equal([lastCodePoint("a𑗍"), lastCodePoint("ab"), lastCodePoint("")], ["𑗍", "b", ""]);
});
