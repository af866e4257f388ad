import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import {
  chunkEnd,
  chunks,
  GPT2_SPELLINGS,
  GPT4_SPELLINGS,
  O200K_SPELLINGS,
  patternName,
  patternRegExp,
  regExpChunkEnd,
} from "../../../../stages/token/split/patterns.ts";

const PARTS = [
  ..."ab'sdmt \n\r\t12!?-",
  ..."'S 'll 'LL 'rE 're 've  \u0020\u0020 \n\n".split(" "),
  "\u0020",
  "\u017F",
  "\u0663",
  "\u00E9",
  "\u4F60",
  "\u{1F30D}",
  "\u00A0",
  "\uFEFF",
  "\u0085",
  "\u3000",
  "\u{1D7D8}",
  "\u{10400}",
  "e\u0301",
  "\u200B",
  "\u0301",
  "\u01C5",
  "\u02B0",
  "A",
  "/",
  "\r\n/",
];

/** Returns a random text of parts that the patterns treat differently. */
function text(trial: number): string {
  const length = 1 + Math.floor(uniformAt(1, `length ${trial}`, 0) * 16);
  return Array.from(
    { length },
    (_, i) => PARTS[Math.floor(uniformAt(1, `piece ${trial}`, i) * PARTS.length)],
  ).join("");
}

for (const pattern of ["gpt2", "gpt4", "o200k"]) {
  Deno.test(`chunkEnd() of ${pattern} agrees with the regular expression`, () => {
    const scan = chunkEnd(pattern), search = regExpChunkEnd(patternRegExp(pattern));
    for (let trial = 0; trial < 4000; trial++) {
      const sample = text(trial);
      for (let start = 0; start < sample.length;) {
        const stop = scan(sample, start);
        strictEqual(stop, search(sample, start), `${JSON.stringify(sample)} from ${start}`);
        start = stop;
      }
    }
  });
}

Deno.test("chunks() splits as GPT-2 and GPT-4 do", () => {
  deepStrictEqual([...chunks("Hello've world123 how's   are you!!!?  ", "gpt2")], [
    ..."Hello|'ve| world|123| how|'s|  | are| you|!!!?|  ".split("|"),
  ]);
  deepStrictEqual([...chunks("DON'T x=1234;\n\n  y", "gpt4")], [
    "DON",
    "'T",
    " x",
    "=",
    "123",
    "4",
    ";\n\n",
    " ",
    " y",
  ]);
  deepStrictEqual([...chunks("a b", "none")], ["a b"]);
});

Deno.test("chunks() splits as GPT-4o does: at capitals, with contractions and marks inside words", () => {
  const cases: readonly [string, string][] = [
    ["HTMLParser isn't XMLHttp", "HTMLParser| isn't| XMLHttp"],
    ["camelCase ABCdef", "camel|Case| ABCdef"],
    ["A\u4F60B", "A\u4F60|B"], // the split backtracks to the last caseless letter
    ["\u0301ABC", "\u0301|ABC"], // a mark is a chunk without the capitals after it
    ["a/b //\n/c", "a|/b| //\n/|c"],
    ["12345 'S", "123|45| '|S"],
    ["x\u0085 y\uFEFFz", "x|\u0085| y|\uFEFFz"],
    ["a  \n\n  b", "a|  \n\n| | b"],
  ];
  for (const [text, wanted] of cases) strictEqual([...chunks(text, "o200k")].join("|"), wanted, text);
});

Deno.test("chunks() treats U+0085 as white space, U+FEFF not, and \u017F after an apostrophe as s", () => {
  strictEqual([...chunks("a\u0085\u0085b", "gpt2")].join("|"), "a|\u0085|\u0085|b");
  strictEqual([...chunks("a\uFEFFb", "gpt2")].join("|"), "a|\uFEFF|b");
  for (const pattern of ["gpt4", "o200k"]) {
    strictEqual([...chunks("a\u0085\u0085b", pattern)].join("|"), "a|\u0085|\u0085b");
    strictEqual([...chunks("a\uFEFFb", pattern)].join("|"), "a|\uFEFFb");
  }
  strictEqual([...chunks("it'\u017F", "gpt4")].join("|"), "it|'\u017F");
  strictEqual([...chunks("it'\u017F", "gpt2")].join("|"), "it|'|\u017F");
  strictEqual([...chunks("it'\u017F", "o200k")].join("|"), "it'\u017F");
});

Deno.test("chunks() keeps the text between the matches of a custom expression", () => {
  deepStrictEqual([...chunks("ab1c22", "\\d++")], ["ab", "1", "c", "22"]);
  deepStrictEqual([...chunks("ab", "x*")], ["a", "b"]); // an empty match splits too, as in Hugging Face's library
});

Deno.test("patternName() recognizes every spelling of a pattern", () => {
  for (const spelling of GPT2_SPELLINGS) strictEqual(patternName(spelling), "gpt2");
  for (const spelling of GPT4_SPELLINGS) strictEqual(patternName(spelling), "gpt4");
  for (const spelling of O200K_SPELLINGS) strictEqual(patternName(spelling), "o200k");
  strictEqual(patternName(""), "none");
  strictEqual(patternName("\\w+"), "\\w+");
});

Deno.test("patternRegExp() treats all spellings of a pattern alike", () => {
  for (const spelling of [...GPT2_SPELLINGS, ...GPT4_SPELLINGS, ...O200K_SPELLINGS]) {
    const own = regExpChunkEnd(patternRegExp(`(?:${spelling})`)), known = chunkEnd(patternName(spelling));
    for (let trial = 0; trial < 300; trial++) {
      const sample = text(trial) + "x"; // \s++$ in tiktoken's newest spelling differs at the very end
      for (let start = 0; start < sample.length; start = known(sample, start)) {
        strictEqual(
          own(sample, start),
          known(sample, start),
          `${spelling} on ${JSON.stringify(sample)} from ${start}`,
        );
      }
    }
  }
});

Deno.test("patternRegExp() refuses a malformed expression and quotes it", () => {
  throws(() => patternRegExp("(a"), (error) => error instanceof SyntaxError && error.message.includes("(a"));
});

Deno.test("chunkEnd() makes one chunk of a megabyte of one character", () => {
  for (const letter of ["a", " ", "!", "\n", "\u{1F600}"]) {
    const long = letter.repeat(1 << 20);
    for (const pattern of ["gpt2", "gpt4", "o200k"]) ok(chunkEnd(pattern)(long, 0) > long.length / 2);
  }
});
