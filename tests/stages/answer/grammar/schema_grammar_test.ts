/**
 * Tests grammars of JSON and of JSON schemas: which texts they allow, and that whatever is written along them
 * is JSON that the schema allows.
 *
 * @module
 */
import { deepStrictEqual, equal, ok, throws } from "node:assert/strict";
import { Automaton, type State } from "../../../../stages/answer/grammar/automaton.ts";
import type { Grammar } from "../../../../stages/answer/grammar/grammar.ts";
import { anyValue } from "../../../../stages/answer/grammar/json_grammar.ts";
import { SchemaFault, schemaGrammar } from "../../../../stages/answer/grammar/schema_grammar.ts";
import { uniformAt } from "../../../../kernels/random/philox.ts";

/** Returns whether a grammar allows a text, which may be given as bytes. */
function allows(grammar: Grammar, text: string | Uint8Array): boolean {
  const automaton = new Automaton(grammar);
  let state: State | null = automaton.start;
  for (const byte of typeof text === "string" ? new TextEncoder().encode(text) : text) {
    state = state === null ? null : automaton.step(state, byte);
  }
  return state?.accepts ?? false;
}

const ofSchema = (schema: unknown, isStrict = true) => schemaGrammar(schema, { isStrict });

Deno.test("the grammar of JSON allows what JSON.parse() reads, and nothing else", () => {
  const good = [
    ..."0 -0 10 1.5 -2.25e10 1E-2 true false null".split(" "),
    ...['""', '"a\\n\\u00e9\\\\\\""', '"é€😀"', "[]", "[1, [2], {}]", "{}", '{"a": 1,"b":[true]}'],
    '{\n  "a": [\n    1\n  ]\n}',
  ];
  for (const text of good) {
    JSON.parse(text);
    ok(allows(anyValue, text), text);
  }
  const bad = [
    ..."01 1. .5 +1 1e NaN True".split(" "),
    ...[
      "",
      "[1,]",
      "{a: 1}",
      "{'a': 1}",
      '{"a" 1}',
      '"\n"',
      '"\\x"',
      '"',
      "[1",
      "1 2",
      '{"a":1,}',
      '"\\u12"',
    ],
  ];
  for (const text of bad) {
    throws(() => JSON.parse(text), text);
    ok(!allows(anyValue, text), text);
  }
});

Deno.test("strings are well-formed UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF", () => {
  const quoted = (...bytes: number[]) => Uint8Array.of(0x22, ...bytes, 0x22);
  for (const bytes of [[0xc2, 0x80], [0xe0, 0xa0, 0x80], [0xed, 0x9f, 0xbf], [0xf4, 0x8f, 0xbf, 0xbf]]) {
    ok(allows(anyValue, quoted(...bytes)), `${bytes}`);
  }
  for (
    const bytes of [[0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [
      0xe2,
      0x82,
    ]]
  ) {
    ok(!allows(anyValue, quoted(...bytes)), `${bytes}`);
  }
});

Deno.test("numbers have 16 digits at most before and after the point, indentations 16 blanks", () => {
  const allowed = (texts: string[]) => texts.map((text) => allows(anyValue, text));
  const digits = (n: number) => "1".repeat(n), indented = (n: number) => `[\n${" ".repeat(n)}1]`;
  deepStrictEqual(allowed([digits(15), digits(16), digits(17)]), [true, true, false]);
  deepStrictEqual(allowed([`0.${digits(15)}`, `0.${digits(16)}`, `0.${digits(17)}`]), [true, true, false]);
  deepStrictEqual(allowed([indented(15), indented(16), indented(17)]), [true, true, false]);
});

/** Schemas, and texts that they allow and that they do not. */
const cases: readonly { schema: unknown; good: readonly string[]; bad: readonly string[] }[] = [
  { schema: {}, good: ["1", "[]", '"a"'], bad: ["a"] },
  { schema: { type: "integer" }, good: ["0", "-12"], bad: ["1.5", '"1"', "01"] },
  { schema: { type: ["string", "null"] }, good: ['"a"', "null"], bad: ["1"] },
  {
    schema: { enum: ["red", "reddish", 7, null] },
    good: ['"red"', '"reddish"', "7", "null"],
    bad: ['"blue"', "red"],
  },
  { schema: { const: { a: [1] } }, good: ['{"a":[1]}'], bad: ['{"a":[2]}'] },
  { schema: { type: "string", minLength: 2, maxLength: 3 }, good: ['"ab"', '"é€x"'], bad: ['"a"', '"abcd"'] },
  {
    schema: { type: "array", items: { type: "boolean" }, minItems: 1, maxItems: 2 },
    good: ["[true]", "[true, false]"],
    bad: ["[]", "[1]", "[true,true,true]"],
  },
  { schema: { type: "array", maxItems: 0 }, good: ["[]"], bad: ["[1]"] },
  {
    schema: {
      type: "object",
      properties: { a: { type: "integer" }, b: { type: "string" }, c: { type: "null" } },
      required: ["b"],
      additionalProperties: false,
    },
    good: ['{"b": "x"}', '{"a":1,"b":"x"}', '{"a": 1, "b": "x", "c": null}', '{"b":"x","c":null}'],
    bad: ["{}", '{"a":1}', '{"b":1}', '{"b":"x","a":1}', '{"b":"x","d":1}', '{,"b":"x"}', '{"b":"x",}'],
  },
  { schema: { type: "object", properties: { a: {} } }, good: ["{}", '{"a":[1]}'], bad: ['{"b":1}'] },
  { schema: { type: "object", additionalProperties: false }, good: ["{}"], bad: ['{"a":1}'] },
  {
    schema: { type: "object", additionalProperties: { type: "integer" } },
    good: ["{}", '{"x":1, "y":2}'],
    bad: ['{"x":"1"}'],
  },
  { schema: { required: ["a"] }, good: ['{"a":null}'], bad: ["{}", "1"] },
  {
    schema: { anyOf: [{ type: "integer" }, { type: "array", items: { $ref: "#" } }] },
    good: ["1", "[1,[2,[]]]"],
    bad: ['["a"]'],
  },
  {
    schema: {
      $defs: {
        tree: {
          type: "object",
          properties: { left: { anyOf: [{ $ref: "#/$defs/tree" }, { type: "null" }] } },
          required: ["left"],
        },
      },
      $ref: "#/$defs/tree",
    },
    good: ['{"left":null}', '{"left":{"left":null}}'],
    bad: ['{"left":{}}', "null"],
  },
];

Deno.test("schemaGrammar() allows what the schema does", () => {
  for (const { schema, good, bad } of cases) {
    const grammar = ofSchema(schema);
    for (const text of good) ok(allows(grammar, text), `${JSON.stringify(schema)}: ${text}`);
    for (const text of bad) ok(!allows(grammar, text), `${JSON.stringify(schema)}: ${text}`);
  }
});

Deno.test("what is written along a schema's grammar by chance is JSON that it allows", () => {
  cases.forEach(({ schema }, number) => {
    const grammar = ofSchema(schema), automaton = new Automaton(grammar);
    for (let trial = 0; trial < 40; trial++) {
      const bytes: number[] = [];
      let state = automaton.start;
      for (let i = 0; i < 4000; i++) {
        const next = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) =>
          automaton.step(state, byte) !== null
        );
        // Closing bytes are preferred, so that texts end.
        const closing = next.filter((byte) => '"]}'.includes(String.fromCharCode(byte)));
        const draw = (step: number) => uniformAt(number, `trial.${trial}.${step}`, i);
        if (state.accepts && (next.length === 0 || draw(0) < 0.5)) break;
        const from = closing.length > 0 && draw(1) < 0.5 ? closing : next;
        const byte = from[Math.floor(draw(2) * from.length)];
        bytes.push(byte);
        state = automaton.step(state, byte) ?? state;
      }
      ok(state.accepts, `${JSON.stringify(schema)} ended in time`);
      const text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
      JSON.parse(text);
      ok(allows(grammar, text));
    }
  });
});

Deno.test("schemaGrammar() refuses keywords that it does not obey if it is strict, else ignores them", () => {
  throws(() => ofSchema({ type: "integer", minimum: 3 }), /schema: the keyword minimum is not supported/);
  ok(allows(ofSchema({ type: "integer", minimum: 3 }, false), "1"));
  ok(allows(ofSchema({ type: "integer", description: "a", default: 1 }), "1"));
});

Deno.test("schemaGrammar() names what is wrong in a schema", () => {
  const faults: [schema: unknown, fault: RegExp][] = [
    [7, /^schema: expected a JSON schema/],
    [{ type: "text" }, /schema\.type: expected string, number/],
    [{ properties: { a: { enum: [] } } }, /schema\.properties\.a\.enum: expected a list that is not empty/],
    [{ $ref: "https://example.com" }, /a reference within the schema/],
    [{ $ref: "#/$defs/a" }, /there is no #\/\$defs\/a/],
    [{ type: "string", minLength: 3, maxLength: 2 }, /minLength at most maxLength/],
    [{ type: "object", required: "a" }, /required: expected a list of names/],
  ];
  for (const [schema, fault] of faults) {
    throws(
      () => ofSchema(schema, false),
      (error) => error instanceof SchemaFault && fault.test(error.message),
    );
  }
});

Deno.test("deeply nested texts make no more states than are kept", () => {
  const depth = 3000; // two states each
  ok(allows(anyValue, "[".repeat(depth) + "]".repeat(depth)));
  equal(allows(anyValue, "[".repeat(depth) + "]".repeat(depth - 1)), false);
});
