/**
 * Property test of grammars of JSON schemas: what is written along the grammar of a random schema, by chance,
 * is JSON that ajv, a validator of JSON schemas, finds valid. ajv also knows the formats.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Automaton, type State } from "../../../../stages/answer/grammar/automaton.ts";
import { schemaGrammar } from "../../../../stages/answer/grammar/schema_grammar.ts";
import { uniformAt } from "../../../../kernels/random/philox.ts";

const SCHEMAS = 150, TEXTS = 6, LONGEST = 4000; // bytes

/** Numbers by chance, the same in every run. */
class Chance {
  readonly #name: string;
  #draws = 0;

  constructor(name: string) {
    this.#name = name;
  }

  next(): number {
    return uniformAt(11, this.#name, this.#draws++);
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns a whole number from `low` to `high`. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)];
  }
}

const patterns = [
  "^[a-z]+$",
  "x",
  "^(ab|c?d){1,3}",
  "[0-9]{2}$",
  "^\\S+@\\S+$",
  "^[^a-y]{0,4}$",
  "^\\w*é?$",
  '["\\\\/\\n]',
  "^a|b$|^$",
  "^.{3,5}$",
  "a.*b.*c",
  "^\\d{1,3}(,\\d{3})*$",
];
const formats = ["date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"];

function numberSchema(chance: Chance): object {
  const type = chance.pick(["integer", "number"]), unit = type === "number" ? chance.pick([1, 0.1, 0.25]) : 1;
  const low = chance.integer(-200, 200), high = low + chance.integer(1, 300);
  // ajv divides, which is exact enough for small numbers only.
  const isSmall = chance.is(0.4), isBound = () => isSmall || chance.is(0.5);
  return {
    type,
    ...isBound() && { [chance.pick(["minimum", "exclusiveMinimum"])]: low * unit },
    ...isBound() && { [chance.pick(["maximum", "exclusiveMaximum"])]: (high + 1) * unit },
    ...isSmall && { multipleOf: chance.pick(type === "integer" ? [1, 2, 7, 30] : [0.01, 0.5, 0.7, 3]) },
  };
}

function stringSchema(chance: Chance): object {
  const form = chance.next();
  if (form < 0.3) return { type: "string", format: chance.pick(formats) };
  const min = chance.integer(0, 3), lengths = chance.is(0.5) ? { minLength: min, maxLength: min + 6 } : {};
  return { type: "string", ...lengths, ...form < 0.7 && { pattern: chance.pick(patterns) } };
}

function objectSchema(chance: Chance, depth: number): object {
  const names = ["a", "b", "c d", "é"].filter(() => chance.is(0.6));
  return {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, schemaOf(chance, depth - 1)])),
    required: names.filter(() => chance.is(0.5)),
    ...chance.is(0.3) && { additionalProperties: false },
  };
}

function schemaOf(chance: Chance, depth: number): object {
  switch (chance.integer(depth > 0 ? 0 : 5, 9)) {
    case 0:
    case 1:
      return objectSchema(chance, depth);
    case 2: {
      const min = chance.integer(0, 2);
      return { type: "array", items: schemaOf(chance, depth - 1), minItems: min, maxItems: min + 2 };
    }
    case 3:
      return { [chance.pick(["anyOf", "allOf"])]: [schemaOf(chance, depth - 1)], description: "one" };
    case 4:
      return { oneOf: [stringSchema(chance), numberSchema(chance), { type: "null" }] };
    case 5:
      return { type: "array", items: { enum: [1, "a", null, [2]] }, uniqueItems: true, minItems: 1 };
    case 6:
      return { enum: ["a", 5, { b: [1] }, 12], ...chance.is(0.5) && { type: "integer", minimum: 6 } };
    case 7:
      return numberSchema(chance);
    default:
      return stringSchema(chance);
  }
}

/** Writes a text along an automaton; null if it does not end in time. */
function writtenBy(automaton: Automaton, chance: Chance): string | null {
  const bytes: number[] = [];
  let state: State = automaton.start;
  while (bytes.length < LONGEST) {
    const next = Array.from({ length: 256 }, (_, byte) => byte)
      .filter((byte) => automaton.step(state, byte) !== null);
    if (state.accepts && (next.length === 0 || chance.is(0.5))) {
      return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
    }
    ok(next.length > 0, `a dead end after ${new TextDecoder().decode(Uint8Array.from(bytes))}`);
    const closing = next.filter((byte) => '"]}'.includes(String.fromCharCode(byte)));
    const byte = chance.pick(closing.length > 0 && chance.is(0.5) ? closing : next);
    bytes.push(byte);
    state = automaton.step(state, byte) ?? state;
  }
  return null;
}

Deno.test("what is written along the grammar of a random schema is valid to ajv", () => {
  const ajv = new Ajv2020.default({ strict: false, multipleOfPrecision: 9 });
  addFormats.default(ajv);
  let written = 0;
  for (let i = 0; i < SCHEMAS; i++) {
    const chance = new Chance(`schema.${i}`), schema = schemaOf(chance, 3), validate = ajv.compile(schema);
    let automaton: Automaton;
    try {
      automaton = new Automaton(schemaGrammar(schema));
    } catch (error) {
      ok(error instanceof Error && /no number|no text|none of the values/.test(error.message), `${error}`);
      continue;
    }
    for (let trial = 0; trial < TEXTS; trial++) {
      const text = writtenBy(automaton, chance);
      if (text === null) continue;
      written++;
      ok(
        validate(JSON.parse(text)),
        `${JSON.stringify(schema)}\n${text}\n${ajv.errorsText(validate.errors)}`,
      );
    }
  }
  ok(written > SCHEMAS * TEXTS * 0.8, `${written} texts`);
});
