/**
 * Tests grammars of answers with calls of tools.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import { answerGrammar } from "../../../../stages/answer/grammar/answer_grammar.ts";
import { Automaton, type State } from "../../../../stages/answer/grammar/automaton.ts";
import { literal } from "../../../../stages/answer/grammar/grammar.ts";
import { TokenGrammar } from "../../../../stages/answer/grammar/grammar_constraint.ts";
import { BpeTokenizer } from "../../../../stages/token/bpe.ts";

const call = "<tool_call>x</tool_call>";

/** Returns whether an answer is allowed so far, and whether it may end. */
function read(text: string, start: "text" | "thought" | "call" = "text"): "no" | "so far" | "whole" {
  const automaton = new Automaton(answerGrammar(literal("x"), { start, first: literal("y") }));
  let state: State | null = automaton.start;
  for (const byte of new TextEncoder().encode(text)) {
    state = state === null ? null : automaton.step(state, byte);
  }
  return state === null ? "no" : state.accepts ? "whole" : "so far";
}

Deno.test("text is free, and what follows the tag of a call is a call, each time", () => {
  for (const text of ["", "a < b <tool", "<tool_cal>z", `a${call}b${call}`, "<<tool_call>x</tool_call>é"]) {
    equal(read(text), "whole", text);
  }
  equal(read("a<tool_call>"), "so far");
  equal(read("a<tool_call>x</tool_call"), "so far");
  for (const text of ["<tool_call>y", "a<tool_call>x<", `${call}<tool_call>y`, "<tool_<tool_call>y"]) {
    equal(read(text), text.endsWith("<") ? "so far" : "no", text);
  }
});

Deno.test("a thought is free, and the text after it is not; a thought stands at the beginning alone", () => {
  for (const text of ["<think>", " \n<think><tool_call>y", "<think><tool_call>y</think>a"]) {
    equal(read(text), "whole", text);
  }
  equal(read("<tool_call>y</think>", "thought"), "whole");
  for (const text of ["<think></think><tool_call>y", "a<think><tool_call>y", "<thinx><tool_call>y"]) {
    equal(read(text), "no", text);
  }
  equal(read("</think><tool_call>y", "thought"), "no");
  equal(read(`${call}<think><tool_call>y`), "no");
});

Deno.test("a call whose beginning is written is completed first", () => {
  equal(read("", "call"), "so far");
  equal(read("x", "call"), "no");
  equal(read(`y</tool_call> ${call}`, "call"), "whole");
  equal(read("y</tool_call><tool_call>y", "call"), "no");
});

Deno.test("in free text all tokens are allowed, special ones included; in a call those of the call", () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const joined = new TextEncoder().encode("call>y"), longer = new TextEncoder().encode("<tool_call>y");
  const tokenizer = new BpeTokenizer({
    pattern: "none",
    tokens: [...bytes, joined, longer],
    merges: [],
    special: new Map([["<|end|>", 258], ["<|other|>", 259], ["<tool_call>", 260]]),
  });
  const ends = new Set([258]), options = { tokenizer, ends, allowsSpecial: true };
  const constraint = new TokenGrammar(answerGrammar(literal("x"), { start: "text" }), options).constraint();
  const take = (text: string) => new TextEncoder().encode(text).forEach((byte) => constraint.take(byte));
  const forbidden = () => [...constraint.allowed() ?? []].flatMap((is, id) => is === 1 ? [] : [id]);
  equal(forbidden().join(), "257");
  take("a<tool_");
  equal(forbidden().join(), "256,257");
  take("call>");
  equal(forbidden().length, tokenizer.vocabSize - 1);
  take(call.slice("<tool_call>".length));
  equal(forbidden().join(), "257");
  constraint.take(260);
  ok(constraint.allowed()?.["x".charCodeAt(0)] === 1 && constraint.allowed()?.[258] === 0);
});
