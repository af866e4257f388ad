/**
 * Tests which tokens a grammar allows.
 *
 * @module
 */
import { deepStrictEqual, equal, ok, throws } from "node:assert/strict";
import { Automaton, GrammarLimitError, type State } from "../../../../stages/answer/grammar/automaton.ts";
import { choice, literal, reference, sequence } from "../../../../stages/answer/grammar/grammar.ts";
import { TokenGrammar } from "../../../../stages/answer/grammar/grammar_constraint.ts";
import { anyObject, stringGrammar } from "../../../../stages/answer/grammar/json_grammar.ts";
import { TokenText } from "../../../../stages/sample/token_text.ts";
import { BpeTokenizer } from "../../../../stages/token/bpe.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";

const pieces = ['{"', '":', ' "', '"}', '", "', "name", "é", "😀", '{"name": "', "}}", " {", "</think>"];
const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const tokenizer = new BpeTokenizer({
  pattern: "none",
  tokens: [...bytes, ...pieces.map((piece) => new TextEncoder().encode(piece))],
  merges: [],
  special: new Map([["<|end|>", 268], ["<tool_call>", 269]]),
});
const END = 268, ends = new Set([END]);
const idOf = (piece: string) => 256 + pieces.indexOf(piece);
const plain = (text: string) => [...new TextEncoder().encode(text)];

Deno.test("allowed() is what a walk along each token's bytes gives, at every position of a text", () => {
  const automaton = new Automaton(anyObject),
    constraint = new TokenGrammar(anyObject, { tokenizer, ends }).constraint();
  const text = [idOf('{"name": "'), ...plain("a"), idOf("é"), 0xf0, 0x9f, 0x98, 0x80, idOf('"}')];
  let state: State = automaton.start;
  for (const id of [...text, END]) {
    const mask = constraint.allowed();
    ok(mask !== null);
    for (let each = 0; each < tokenizer.vocabSize; each++) {
      const own = tokenizer.isSpecialToken(each)
        ? each === END ? [] : [...new TextEncoder().encode("<tool_call>")]
        : [...tokenizer.decodeSingleTokenBytes(each)];
      let to: State | null = state;
      for (const byte of own) to = to === null ? null : automaton.step(to, byte);
      equal(
        mask[each] === 1,
        each === END ? state.accepts : to !== null,
        `token ${each} after ${text.indexOf(id)}`,
      );
    }
    equal(mask[id], 1);
    constraint.take(id);
    if (id !== END) {
      for (const byte of tokenizer.decodeSingleTokenBytes(id)) state = automaton.step(state, byte) ?? state;
    }
  }
});

Deno.test("a grammar may begin after a text", () => {
  const options = { tokenizer, ends, after: "</think>" };
  const late = new TokenGrammar(literal("a"), options).constraint();
  for (const id of plain("b</thin")) late.take(id);
  equal(late.allowed(), null);
  late.take(idOf("</think>"));
  deepStrictEqual([...late.allowed()!.entries()].filter(([, is]) => is === 1), [["a".charCodeAt(0), 1]]);
});

Deno.test("a tag that is a special token is allowed where its text is", () => {
  const constraint = new TokenGrammar(sequence("<tool_call>", "a"), { tokenizer, ends }).constraint();
  deepStrictEqual([constraint.allowed()![269], constraint.allowed()!["<".charCodeAt(0)]], [1, 1]);
  constraint.take(269);
  equal(constraint.allowed()!["a".charCodeAt(0)], 1);
});

Deno.test("a grammar that no text fits is refused; a vocabulary without the characters ends the text", () => {
  const endless: ReturnType<typeof reference> = reference(() => endless);
  throws(() => new TokenGrammar(endless, { tokenizer, ends }), /No text fits/);
  const small = new CharTokenizer(["a"]);
  const constraint = new TokenGrammar(literal("b"), { tokenizer: small, ends }).constraint();
  const text = new TokenText({ prompt: Uint32Array.of(0), key: "x", constraint }, {
    ends: new Set([1]),
    maxTokens: 9,
    seed: 1,
  }, 20);
  throws(() => text.choose(Float32Array.of(1)), /none that goes on in the required form/);
});

Deno.test("the likeliest allowed token is chosen; its log probability is that among all tokens", () => {
  const constraint = new TokenGrammar(anyObject, { tokenizer, ends }).constraint();
  const options = { ends, maxTokens: 9, seed: 1, temperature: 0, topK: 1, alternatives: 1 };
  const text = new TokenText({ prompt: Uint32Array.of(0), key: "x", constraint }, options, 20);
  const logits = new Float32Array(tokenizer.vocabSize).fill(-5);
  logits[65] = 9;
  logits["{".charCodeAt(0)] = 3;
  const { id, logp, alternatives } = text.choose(logits);
  equal(id, "{".charCodeAt(0));
  ok(Math.abs(logp + 6) < 0.01 && alternatives[0].id === 65);
});

Deno.test("a foreign grammar with too many ways to go on is an error, one at its limit is not", () => {
  const words = choice(...Array.from({ length: 100 }, (_, i) => `a${i}`));
  // The choice, and of each word the word and its first character; then its second character.
  const start = 1 + 2 * 100, step = 100;
  throws(() => new Automaton(words, start - 1), GrammarLimitError);
  const enough = new Automaton(words, start), tooFew = new Automaton(words, start);
  enough.allow(step);
  ok(enough.step(enough.start, "a".charCodeAt(0)) !== null);
  tooFew.allow(step - 1);
  throws(() => tooFew.step(tooFew.start, "a".charCodeAt(0)), GrammarLimitError);
  const many = Array.from({ length: 2000 }, (_, i) => stringGrammar(50, 51 + i));
  const read = (isForeign: boolean, count: number) => {
    const constraint = new TokenGrammar(choice(...many.slice(0, count)), { tokenizer, ends, isForeign })
      .constraint();
    for (const id of plain(`"${"é".repeat(12)}`)) {
      constraint.allowed();
      constraint.take(id);
    }
  };
  read(true, 20);
  throws(() => read(true, 2000), GrammarLimitError);
});
