/**
 * Tests spaCy's tokens on datatrove's golden list, the cases of spaCy's own English tests, texts in which
 * several rules apply, and all 495 shared documents. The expected tokens were computed from the published
 * rules with Python's regular expressions.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { splitLines } from "../../../../stages/filter/words/python_text.ts";
import { Spacy } from "../../../../stages/filter/words/spacy.ts";
import { spacyExceptions } from "../../../../stages/filter/words/spacy_exceptions.ts";
import { alpha, icons, lower, upper } from "../../../../stages/filter/words/spacy_letters.ts";
import { isAddress } from "../../../../stages/filter/words/spacy_url.ts";
import { wordSplitter } from "../../../../stages/filter/words/words.ts";
import { sharedTest } from "../../../shared_data.ts";
import { equal } from "../filter_checks.ts";

const spacy = new Spacy();

Deno.test("Spacy.words() gives the 71 tokens of datatrove's sample", () => {
  const sample =
    "'I wish it need not have happened in my time,' said Frodo. 'So do I,' said Gandalf, 'and so do all " +
    "who live to see such times. But that is not for them to decide. All we have to decide is what to do with the " +
    "time that is given us.' Hello world! \n\n ქართული \n\t Hello\nworld! ";
  const expected =
    "' I wish it need not have happened in my time , ' said Frodo . ' So do I , ' said Gandalf , ' and so " +
    "do all who live to see such times . But that is not for them to decide . All we have to decide is what to do " +
    "with the time that is given us . ' Hello world ! ქართული Hello world !";
  equal(wordSplitter("spacy")(sample), expected.split(" "));
});

const words: readonly (readonly [text: string, tokens: string])[] = [
  [")_3::))", ") _ 3 : :))"], // of exceptions that overlap, the longest
  ["don't giggle", "do n't giggle"],
  ["i said don't!", "i said do n't !"],
  ["`ain't", "` ai n't"],
  ["\"isn't", "\" is n't"],
  ["can't!", "ca n't !"],
  ["Robin's", "Robin 's"],
  ["Alexis'", "Alexis '"],
  ["'em nothin' ol'", "'em nothin' ol'"],
  ["we'll You'll there'll this'll those'll", "we 'll You 'll there 'll this 'll those 'll"],
  ["Ill ill Hell well", "Ill ill Hell well"],
  ["`We've", "` We 've"],
  ["couldn't)", "could n't )"],
  ["e.g. p.m. Jan. Dec. Inc.", "e.g. p.m. Jan. Dec. Inc."],
  ["It's mediocre i.e. bad.", "It 's mediocre i.e. bad ."],
  ["1am 12a.m. 11p.m. 4pm", "1 am 12 a.m. 11 p.m. 4 pm"],
  ["Tom (D., Ill.)!", "Tom ( D. , Ill. ) !"],
  ["(can)", "( can )"],
  ["(can't?)", "( ca n't ? )"],
  ["U.S. us. (U.S.?)", "U.S. us . ( U.S. ? )"],
  ["best-known", "best - known"],
  ["0.1-13.5 103.27-300", "0.1 - 13.5 103.27 - 300"],
  ["best.Known", "best . Known"],
  ["Hello,world", "Hello , world"],
  ["best...known", "best ... known"],
  ["No decent--let alone well-bred--people.", "No decent -- let alone well - bred -- people ."],
  ["Today is Tuesday.Mr.", "Today is Tuesday . Mr."],
  ["_MATH_.", "_ MATH _ ."],
  ["((", "( ("],
  ["I went for 40.3, and got home by 10.0.", "I went for 40.3 , and got home by 10.0 ."],
  ["5km 3GB 10$ 20°C. A°c.", "5 km 3 GB 10 $ 20 ° C . A ° c ."],
  ["hello:) (x_x) >:( ^_^", "hello :) ( x_x ) >:( ^_^"],
  ["vitamin-a. (a.) a .", "vitamin - a. ( a. ) a ."],
  ["a: ) b", "a : ) b"],
  [
    "http://www.nytimes.com/2016/04/20/us/p.html?hp&action=click",
    "http://www.nytimes.com/2016/04/20/us/p.html?hp&action=click",
  ],
  ["(www.red-stars.com)", "( www.red-stars.com )"],
  ["mailto:foo.bar@baz.com", "mailto:foo.bar@baz.com"],
  ['"http://foo.com/blah_(wikipedia)#cite-1":', '" http://foo.com/blah_(wikipedia)#cite-1 " :'],
  ["http://142.42.1.1:8080/ http://10.1.1.1", "http://142.42.1.1:8080/ http://10.1.1.1"],
  ["NASDAQ:GOOG", "NASDAQ : GOOG"],
  ["rdar://1234", "rdar://1234"],
  ["C++ I’m shouldn’t’ve y'all", "C++ I ’m should n’t ’ve y' all"],
  ["cost: US$5 or £3.50?!", "cost : US$ 5 or £ 3.50 ? !"],
  ["Es war…… gut", "Es war …… gut"],
  ["naïve.É 日本語。です", "naïve . É 日本語。です"],
  ["🤷\u200d♀\ufe0fwow😀", "🤷 \u200d ♀ \ufe0fwow 😀"],
  ["a\u2028b  c\td", "a b c d"],
  ["'S ‘s w/o and/or", "'S ‘s w/o and/or"],
  [" lead", "lead"],
  ["x-can't", "x - can't"],
];
Deno.test("Spacy.words() splits off prefixes, suffixes and infixes, and applies exceptions", () => {
  for (const [text, tokens] of words) equal(spacy.words(text).join(" "), tokens, text);
});

const sentences: readonly (readonly [text: string, sentences: readonly string[]])[] = [
  ["Hello. World! (yes?) no", ["Hello.", "World! (", "yes?)", "no"]],
  ['He said "Stop." Then went.', ['He said "Stop."', "Then went."]],
  ["Mr. Smith ran. U.S. did not... or did it?! Yes", [
    "Mr. Smith ran.",
    "U.S. did not... or did it?!",
    "Yes",
  ]],
  ["a.\n\n b. ", ["a.\n\n b."]],
  ["", []],
  ["no end", ["no end"]],
];
Deno.test("Spacy.sentences() ends a sentence at an end mark that is a token, with the punctuation after it", () => {
  for (const [text, expected] of sentences) equal(spacy.sentences(text), expected, text);
});

Deno.test("isAddress() decides as spaCy's tests do", () => {
  const yes = "http://foo.com/blah_blah http://userid:password@example.com:8080/ http://142.42.1.1:8080/ " +
    "http://foo.com/unicode_(✪)_in_parens http://j.mp http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com http://1337.net " +
    "a@b.co x@y@foo.com foo.com/a@b " +
    "http://a.b--c.de/ ssh://login@server.com:12345/repository.git http://⌘.ws http://مثال.إختبار http://例子.测试 " +
    "www.google.com?q=google mailto:foo-bar@baz-co.com?subject=hi http://223.255.255.254 foo.com";
  const no =
    "http:// http://. http://../ http://?? http://# // ///a http:///a rdar://1234 h://test http://-error-.invalid/ " +
    "http://a.b-.co http://0.0.0.0 http://10.1.1.0 http://224.1.1.1 http://123.123.123 http://3628126748 " +
    "http://.www.foo.bar/ NASDAQ:GOOG http://1.1.1.1.1 http://www.foo.bar./ lower.Upper " +
    "@foo.com localhost/index.html com/a.b http://localhost/a.html user@localhost/a.b";
  equal(yes.split(" ").filter((text) => !isAddress(text)), []);
  equal(no.split(" ").filter(isAddress), []);
});

Deno.test("spacyExceptions() returns 1,343 words, each the concatenation of its tokens", () => {
  const all = spacyExceptions();
  equal(all.size, 1343); // spaCy has 1,347, of which four contain white space
  for (const [word, parts] of all) equal(parts.join(""), word);
});

Deno.test("the character classes have as many characters as spaCy's lists", () => {
  const sizes = [alpha, lower, upper, icons].map((letters) => {
    const pattern = new RegExp(`^[${letters}]$`, "v");
    let count = 0;
    for (let code = 0; code < 0x110000; code++) if (pattern.test(String.fromCodePoint(code))) count++;
    return count;
  });
  equal(sizes, [105724, 105177, 104939, 5984]);
});

Deno.test("Spacy.words() keeps every character but white space", () => {
  for (const [text] of words) equal(spacy.words(text).join(""), text.replace(/\s/g, ""));
});

Deno.test("Spacy.words() and Spacy.sentences() take linear time for texts that provoke backtracking", () => {
  const size = 100_000; // UTF-16 units: quadratic time would take minutes
  for (
    const part of [
      "a",
      "!",
      ".",
      "@",
      ":@.",
      "a.",
      "(",
      ":)",
      "a-",
      "'",
      "http://a.b/",
      "$",
      "1",
      "a ",
      "..x",
      " ",
    ]
  ) {
    const text = part.repeat(size / part.length);
    equal(spacy.words(text).join(""), text.replaceAll(" ", ""), part);
    spacy.sentences(text);
  }
});

const file = "filters/documents.jsonl.gz";
sharedTest(
  "Spacy.words() and Spacy.sentences() give spaCy's results for 495 documents",
  [file],
  async (path) => {
    const lines = new TextDecoder().decode(gunzipSync(await Deno.readFile(path(file)))).trim().split("\n");
    const [words, sentences] = [createHash("sha256"), createHash("sha256")];
    for (const line of lines) {
      const { text } = JSON.parse(line);
      words.update(`${spacy.words(text).join("\n")}\n\n`);
      for (const one of splitLines(text)) sentences.update(`${spacy.sentences(one).join("\n")}\n`);
    }
    equal(words.digest("hex").slice(0, 16), "481fd5895a64e271");
    equal(sentences.digest("hex").slice(0, 16), "a619eafb7d077821");
  },
);
