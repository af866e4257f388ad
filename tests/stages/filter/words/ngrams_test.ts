import { NGrams } from "../../../../stages/filter/words/ngrams.ts";
import { equal } from "../filter_checks.ts";

Deno.test("NGrams.top() takes the first of several most frequent n-grams", () => {
  equal(new NGrams("a bb a bb c".split(" "), " ").top(2), 2 * "a bb".length);
  equal(new NGrams("aaa b c".split(" "), " ").top(2), "aaa b".length); // each occurs once
  equal([new NGrams([], " ").top(2), new NGrams(["a"], " ").top(2)], [0, 0]);
});

Deno.test("NGrams.repeated() continues after a repeated n-gram, and compares joined text", () => {
  equal(new NGrams("a b c a b c a b c".split(" "), "").repeated(3), 6);
  equal(new NGrams(["x", "yz", "-", "xy", "z"], "").repeated(2), 3); // x+yz and xy+z
  equal(new NGrams(["x"], "").repeated(2), 0);
});

Deno.test("NGrams counts code points", () => {
  equal(new NGrams(["😀", "a", "😀", "a"], " ").top(2), 6);
  equal(new NGrams(["😀", "a", "😀", "a"], "").repeated(2), 2);
});

Deno.test("NGrams gives the same counts as strings in a Map on random words", () => {
  let seed = 7;
  const random = (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
  for (let round = 0; round < 50; round++) {
    const words = Array.from(
      { length: random(200) },
      () => "ab".repeat(3).slice(0, 1 + random(4)) + random(3),
    );
    for (const n of [2, 3, 5]) {
      const counts = new Map<string, number>();
      const grams = words.slice(0, Math.max(0, words.length - n + 1)).map((_, i) => words.slice(i, i + n));
      for (const gram of grams) counts.set(gram.join(" "), (counts.get(gram.join(" ")) ?? 0) + 1);
      const [best, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ["", 0] as [string, number]);
      equal(new NGrams(words, " ").top(n), best.length * most);
      const seen = new Set<string>();
      let characters = 0;
      for (let i = 0; i < grams.length;) {
        const gram = grams[i].join("");
        if (seen.has(gram)) {
          characters += gram.length;
          i += n;
        } else {
          seen.add(gram);
          i++;
        }
      }
      equal(new NGrams(words, "").repeated(n), characters);
    }
  }
});

Deno.test("NGrams counts code points as JavaScript's iterator does, also of surrogates without a partner", () => {
  // The first and the last unit of each kind: not a surrogate, high, low.
  const units = ["a", "\ud7ff", "\ud800", "\udbff", "\udc00", "\udfff", "\ue000"];
  for (const a of units) {
    for (const b of units) {
      for (const c of units) {
        const word = a + b + c, size = [...word].length;
        equal(new NGrams([word, "x", word, "x"], " ").top(2), 2 * (size + 2), JSON.stringify(word));
        // Without a gap, the last unit of a word and the first one of the next may form a pair.
        equal(new NGrams([word, word, "-", word, word], "").repeated(2), [...word + word].length);
      }
    }
  }
});
