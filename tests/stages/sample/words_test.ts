import { deepStrictEqual } from "node:assert/strict";
import { comparable, dividesWords, wordsOf } from "../../../stages/sample/words.ts";

const texts: Readonly<Record<string, readonly [text: string, words: readonly string[]]>> = {
  "lower case, apostrophes of both forms inside only": [
    `Don't 'quote' rock’n’roll dogs' X2y`,
    ["don't", "quote", "rock'n'roll", "dogs", "x", "y"],
  ],
  "accents, also as marks of their own": ["Ça e\u0301te\u0301 Ünal", ["ça", "e\u0301te\u0301", "ünal"]],
  "Greek, whose last sigma has another form": ["ΟΔΟΣ οδός", ["οδοσ", "οδόσ"]],
  "Cyrillic and Arabic": ["Привет, мир! مرحبا بالعالم", ["привет", "мир", "مرحبا", "بالعالم"]],
  "Hindi with its vowel signs": ["हिन्दी भाषा।", ["हिन्दी", "भाषा"]],
  "Persian with a joiner of no width": ["می\u200Cخواهم رفت", ["می\u200Cخواهم", "رفت"]],
  "Korean, which has spaces": ["안녕하세요 세계", ["안녕하세요", "세계"]],
  "letters beyond 16 bits": ["𐐨𐐩 𐐪", ["𐐨𐐩", "𐐪"]],
  "Chinese, with letters of another script beside it": ["中国的AI技术。", ["中国", "的", "ai", "技术"]],
  "Japanese": ["東京タワーへ行く", ["東京タワー", "へ", "行く"]],
  "Thai": ["สวัสดีชาวโลก", ["สวัสดี", "ชาว", "โลก"]],
  "no words": ["12,345 +- \uFFFD\uFFFD 😀 '' ’", []],
};

for (const [name, [text, words]] of Object.entries(texts)) {
  Deno.test(`wordsOf() finds the words of ${name}`, () => deepStrictEqual(wordsOf(comparable(text)), words));
}

Deno.test("a text divided wherever dividesWords() says so has the same words", () => {
  for (const [name, [text]] of Object.entries(texts)) {
    const whole = comparable(text), parts: string[] = [];
    let part = "";
    for (let i = 0; i < whole.length; i++) {
      if (dividesWords(whole.charCodeAt(i))) parts.push(part, whole[i]), part = "";
      else part += whole[i];
    }
    parts.push(part);
    deepStrictEqual(parts.flatMap(wordsOf), wordsOf(whole), name);
  }
});
