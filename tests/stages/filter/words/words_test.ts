import {
  sentenceSplitter,
  type SentenceSplitterName,
  wordSplitter,
  type WordSplitterName,
} from "../../../../stages/filter/words/words.ts";
import { equal } from "../filter_checks.ts";

Deno.test("treebank splits contractions, quotes and punctuation", () => {
  const words = wordSplitter("treebank");
  equal(words("They'll save and invest more."), ["They", "'ll", "save", "and", "invest", "more", "."]);
  equal(words("I can't, don't and won't; you're he's."), [
    ..."I ca n't , do n't and wo n't ; you 're he 's .".split(" "),
  ]);
  equal(
    words('"Good muffins" cost $3.88 (roughly) at 10:30, e.g. 1,000%.'),
    "`` Good muffins '' cost $ 3.88 ( roughly ) at 10:30 , e.g. 1,000 % .".split(" "),
  );
  equal(words("He cannot; gimme... wanna--see?"), [..."He can not ; gim me ... wan na -- see ?".split(" ")]);
  equal(words("Mr. Smith left. He is gone."), [..."Mr. Smith left . He is gone .".split(" ")]);
});

Deno.test("treebank splits off the last period of a quoted sentence", () => {
  const words = wordSplitter("treebank");
  equal(
    words("the time that is given us.' Hello world!").slice(-5),
    ["us", ".", "'", "Hello", "world", "!"].slice(-5),
  );
});

Deno.test("word splitters accept empty text, and their cache does not change results", () => {
  for (const name of ["spacy", "treebank", "whitespace"] as const) {
    const words = wordSplitter(name);
    equal([words(""), words("a b"), words("a b"), words("c")], [[], ["a", "b"], ["a", "b"], ["c"]]);
  }
});

Deno.test("sentence splitters find the sentences of a text", () => {
  const text = "One here. Two here! Three here? and on";
  equal(sentenceSplitter("punctuation")(text).length, 4);
  equal(sentenceSplitter("intl")(text).length, 4);
  equal(sentenceSplitter("intl")("The U.S. budget of 3.5 million. It grew."), [
    "The U.S. budget of 3.5 million.",
    "It grew.",
  ]);
});

Deno.test("wordSplitter() and sentenceSplitter() name an unknown splitter in the error", () => {
  for (
    const run of [
      () => wordSplitter(JSON.parse('"x"') as WordSplitterName),
      () => sentenceSplitter(JSON.parse('"x"') as SentenceSplitterName),
    ]
  ) {
    try {
      run();
    } catch (error) {
      if (error instanceof RangeError && error.message.includes("x: expected")) continue;
      throw error;
    }
    throw new Error("Accepted");
  }
});
