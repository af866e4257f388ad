import { deepStrictEqual } from "node:assert/strict";
import { WordSearch } from "../../../stages/sample/word_search.ts";
import { comparable, wordsOf } from "../../../stages/sample/words.ts";

/** Returns which of the words are missing in a text that arrives in these pieces. */
function missing(words: readonly string[], pieces: Iterable<string>): string[] {
  const search = new WordSearch(words);
  for (const piece of pieces) search.push(piece);
  search.end();
  return [...search.missing];
}

Deno.test("WordSearch finds whole words only, in any case", () => {
  const words = ["the", "he", "don't", "don", "end", "zebra", "a"];
  deepStrictEqual(missing(words, ["THE end: I Don’t say 'a' or zebras, then the End"]), [
    "he",
    "don",
    "zebra",
  ]);
  deepStrictEqual(missing(["the"], ["then other the"]), []);
  deepStrictEqual(missing(["é"], ["café é"]), []);
  deepStrictEqual(missing(["é"], ["café éa"]), ["é"]);
});

Deno.test("WordSearch divides Chinese as wordsOf() does, with other letters beside it", () => {
  deepStrictEqual(missing(["技术", "国的", "ai"], ["中国的AI技术"]), ["国的"]);
});

Deno.test("WordSearch finds the same words however the text is cut into pieces", () => {
  const text = "It's the first; les élèves 𐐨𐐩 中国的技术 สวัสดีชาวโลก " + "x".repeat(200_000) + " last";
  const all = wordsOf(comparable(text));
  for (const length of [1, 2, 3, 7, 65_536]) {
    const letters = [...text.slice(0, 100)], pieces: string[] = [];
    for (let at = 0; at < letters.length; at += length) pieces.push(letters.slice(at, at + length).join(""));
    deepStrictEqual(
      missing([...all.filter((word) => word.length < 100), "fir", "st"], [
        ...pieces,
        text.slice(100),
      ]),
      ["fir", "st"],
      `pieces of ${length}`,
    );
  }
});

Deno.test("WordSearch ends the last word only with the text", () => {
  const search = new WordSearch(["end"]);
  search.push("the end");
  deepStrictEqual([...search.missing], ["end"]);
  search.push("ing, the end");
  deepStrictEqual([...search.missing], ["end"]);
  search.end();
  deepStrictEqual([...search.missing], []);
});
