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
import { schemaGrammar } from "../../../../stages/answer/grammar/schema_grammar.ts";
import { SchemaFault } from "../../../../stages/answer/grammar/schema_keywords.ts";

/** Returns whether a grammar allows a text, which may be given as bytes. */
function allows(grammar: Grammar, text: string | Uint8Array): boolean {
  const automaton = new Automaton(grammar);
  let state: State | null = automaton.start;
  for (const byte of typeof text === "string" ? new TextEncoder().encode(text) : text) {
    state = state === null ? null : automaton.step(state, byte);
  }
  return state?.accepts ?? false;
}

const ofSchema = (schema: unknown, isLenient = false) => schemaGrammar(schema, { isLenient });

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

const limited: typeof cases = [
  {
    schema: { type: "string", pattern: "b+c" },
    good: ['"bc"', '"abbcd"', '"é€bc\\n"'],
    bad: ['"b"', '"cb"'],
  },
  {
    schema: { type: "string", pattern: '^[^\\s"]{2}$' },
    good: ['"ab"', '"é😀"'],
    bad: ['"a b"', '"a"', '"abc"'],
  },
  { schema: { type: "string", pattern: "^a|b$" }, good: ['"ax"', '"xb"'], bad: ['"xa"', '"bx"'] },
  { schema: { pattern: "^\\-[.]\\d*$" }, good: ['"-."', '"-.12"'], bad: ['"-"', "1"] },
  { schema: { type: "string", pattern: '^"\\\\$' }, good: ['"\\"\\\\"'], bad: ['"\\""'] },
  { schema: { type: "string", pattern: "^$" }, good: ['""'], bad: ['"a"'] },
  {
    schema: { type: "string", pattern: "a", minLength: 2, maxLength: 3 },
    good: ['"ab"', '"xxa"'],
    bad: ['"a"', '"xxxa"', '"xxx"'],
  },
  {
    schema: { type: "string", format: "date" },
    good: ['"2024-02-29"', '"2000-02-29"', '"1999-12-31"'],
    bad: ['"2023-02-29"', '"1900-02-29"', '"2023-04-31"', '"2023-13-01"', '"2023-1-1"'],
  },
  {
    schema: { type: "string", format: "ipv4" },
    good: ['"127.0.0.1"'],
    bad: ['"256.0.0.1"', '"1.2.3"', '"01.2.3.4"'],
  },
  {
    schema: { type: "integer", minimum: 3, maximum: 12 },
    good: ["3", "9", "10", "12"],
    bad: ["2", "13", "30", "-3", "03"],
  },
  {
    schema: { type: "integer", minimum: -12, maximum: 5 },
    good: ["-12", "-1", "0", "5"],
    bad: ["-13", "6", "-0"],
  },
  {
    schema: { type: "integer", exclusiveMinimum: 0 },
    good: ["1", "9007199254740991"],
    bad: ["0", "9007199254740992"],
  },
  { schema: { type: "integer", minimum: 2.5, exclusiveMaximum: 4.5 }, good: ["3", "4"], bad: ["2", "5"] },
  {
    schema: { type: "integer", multipleOf: 7, minimum: 700, maximum: 777 },
    good: ["700", "707", "777"],
    bad: ["701", "770.0", "784"],
  },
  {
    schema: { type: "number", minimum: 0, maximum: 1 },
    good: ["0", "1", "0.5", "1.0", "0.000001"],
    bad: ["1.1", "-0.1", "1.000001", "1e0"],
  },
  {
    schema: { type: "number", exclusiveMinimum: 0, maximum: 0.25 },
    good: ["0.25", "0.1"],
    bad: ["0", "0.0", "0.26", "1"],
  },
  {
    schema: { type: "number", multipleOf: 0.05, minimum: -1, maximum: 1 },
    good: ["0.05", "-0.95", "1", "0.5"],
    bad: ["0.01", "0.051", "1.05"],
  },
  {
    schema: { type: "number", minimum: 1e-7, maximum: 2e-7 },
    good: ["0.0000001", "0.00000015"],
    bad: ["0", "0.0000003"],
  },
  {
    schema: { type: "array", uniqueItems: true, items: { enum: ["a", "b", "c"] }, minItems: 2 },
    good: ['["a","b"]', '["c", "a", "b"]'],
    bad: ['["a"]', '["a","a"]', "[]"],
  },
  { schema: { enum: [1, 2, "a", 30], type: "integer", minimum: 2 }, good: ["2", "30"], bad: ["1", '"a"'] },
  {
    schema: { type: "string", anyOf: [{ format: "date" }, { pattern: "^n" }] },
    good: ['"2024-01-01"', '"no"'],
    bad: ['"x"', "1"],
  },
  {
    schema: {
      $defs: { a: { type: "object", properties: { a: { type: "integer" } } } },
      allOf: [{ $ref: "#/$defs/a" }, { properties: { b: { type: "null" } }, required: ["b"] }],
    },
    good: ['{"a":1,"b":null}', '{"b":null}'],
    bad: ['{"a":1}', "{}"],
  },
  {
    schema: {
      oneOf: [
        { type: "object", properties: { kind: { const: "a" }, n: { type: "integer" } }, required: ["kind"] },
        { type: "object", properties: { kind: { const: "b" } }, required: ["kind"] },
      ],
    },
    good: ['{"kind":"a","n":1}', '{"kind":"b"}'],
    bad: ['{"kind":"b","n":1}', '{"kind":"c"}'],
  },
  {
    schema: { properties: {}, required: ["a"], additionalProperties: { type: "integer" } },
    good: ['{"a":1}'],
    bad: ['{"a":"1"}', "{}"],
  },
  {
    schema: { type: "string", minLength: 2 },
    good: ['"\\u00e9x"', '"\\ud83d\\ude00x"'],
    bad: ['"\\ud83d\\ude00"', '"\\ud83dx"'],
  },
];

Deno.test("schemaGrammar() obeys patterns, formats, bounds, and schemas that hold together", () => {
  for (const { schema, good, bad } of limited) {
    const grammar = ofSchema(schema);
    for (const text of good) ok(allows(grammar, text), `${JSON.stringify(schema)}: ${text}`);
    for (const text of bad) ok(!allows(grammar, text), `${JSON.stringify(schema)}: ${text}`);
  }
});

Deno.test("schemaGrammar() allows what the schema does", () => {
  for (const { schema, good, bad } of cases) {
    const grammar = ofSchema(schema);
    for (const text of good) ok(allows(grammar, text), `${JSON.stringify(schema)}: ${text}`);
    for (const text of bad) ok(!allows(grammar, text), `${JSON.stringify(schema)}: ${text}`);
  }
});

Deno.test("schemaGrammar() refuses what it cannot obey by name, and ignores it if it is lenient", () => {
  const refused: [schema: unknown, fault: RegExp][] = [
    [{ type: "object", minProperties: 1 }, /the keyword minProperties is not supported/],
    [{ not: {} }, /the keyword not is not supported/],
    [{ type: "integer", minimun: 1 }, /the keyword minimun is not supported/],
    [{ type: "string", format: "idn-email" }, /the format idn-email is not supported/],
    [{ type: "string", pattern: "^(?=a)" }, /the pattern cannot be obeyed: \(\?=a\) is not supported/],
    [{ type: "string", pattern: "(a)\\1" }, /\\1 is not supported/],
    [{ type: "string", pattern: "\\bx" }, /\\b is not supported/],
    [{ type: "string", pattern: "\\p{L}" }, /\\p\{L\} is not supported/],
    [{ type: "string", pattern: "(a" }, /it is no regular expression/],
    [{ type: "string", pattern: "(a{999}){999}" }, /repeats too much/],
    [{ type: "string", pattern: "^a+$", maxLength: 1e6 }, /too many states/],
    [{ type: "string", pattern: "^ab$", maxLength: 1 }, /no text of this length fits it/],
    [{ type: "array", items: { type: "string" }, uniqueItems: true }, /uniqueItems is supported only for/],
    [{ oneOf: [{ type: "integer" }, { type: "number", minimum: 3 }] }, /oneOf is supported only where/],
  ];
  for (const [schema, fault] of refused) {
    throws(
      () => ofSchema(schema),
      (error) =>
        error instanceof SchemaFault && fault.test(error.message) && /give strict: false/.test(error.message),
      JSON.stringify(schema),
    );
    ofSchema(schema, true);
  }
  ok(allows(ofSchema({ type: "integer", description: "a", default: 1, "x-order": 2 }), "1"));
  ok(
    allows(ofSchema({ type: "string", format: "password" }), '"x"'),
    "a name that JSON Schema does not define",
  );
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
    [{ type: "integer", minimum: "1" }, /schema\.minimum: expected a number/],
    [{ type: "integer", minimum: 3, maximum: 2 }, /no number of at most 15 digits fits/],
    [{ type: "integer", minimum: 1, maximum: 6, multipleOf: 7 }, /no number of at most 15 digits fits/],
    [{ type: "number", multipleOf: 0 }, /multipleOf: expected a number above 0/],
    [{ enum: ["a"], type: "integer" }, /none of the values fits/],
    [{ allOf: [{ type: "string" }, { type: "integer" }] }, /no type is left/],
    [{ allOf: [{ pattern: "a" }, { pattern: "b" }] }, /pattern stands in two schemas/],
    [
      { properties: { a: {} }, anyOf: [{ properties: { b: {} }, additionalProperties: false }] },
      /additionalProperties excludes properties/,
    ],
    [{ properties: {}, required: ["a"], additionalProperties: false }, /false allows no value/],
    [
      { $defs: { a: { properties: { b: { $ref: "#/$defs/a", required: ["c"] } } } }, $ref: "#/$defs/a" },
      /more than 200 schemas deep/,
    ],
  ];
  for (const [schema, fault] of faults) {
    throws(
      () => ofSchema(schema),
      (error) => error instanceof SchemaFault && fault.test(error.message),
    );
  }
});

Deno.test("deeply nested texts make no more states than are kept", () => {
  const depth = 3000; // two states each
  ok(allows(anyValue, "[".repeat(depth) + "]".repeat(depth)));
  equal(allows(anyValue, "[".repeat(depth) + "]".repeat(depth - 1)), false);
});
