/**
 * The grammar of the JSON that a JSON schema allows: the part of JSON Schema 2020-12 that OpenAI's structured
 * outputs have, without bounds of numbers and patterns.
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";
import { choice, type Grammar, literal, reference, sequence } from "./grammar.ts";
import {
  anyList,
  anyObject,
  anyValue,
  blanks,
  integer,
  listGrammar,
  mapGrammar,
  member,
  number,
  stringGrammar,
} from "./json_grammar.ts";

/** A JSON schema. */
type Schema = Readonly<Record<string, unknown>>;

/** A schema whose JSON a grammar cannot describe. */
export class SchemaFault extends TypeError {}

/** Keywords that describe and do not restrict. */
const notes = [
  "title",
  "description",
  "default",
  "examples",
  "format",
  "deprecated",
  "readOnly",
  "writeOnly",
  "strict",
  "$schema",
  "$id",
  "$comment",
  "$defs",
  "definitions",
];

/** Keywords that are obeyed. */
const obeyed = [
  "type",
  "enum",
  "const",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "anyOf",
  "oneOf",
  "$ref",
];

/** Most schemas within a schema. */
const MOST_SCHEMAS = 5000;

/**
 * Returns the grammar. Names of properties come in the order of the schema; none are added to those that it
 * lists. Of `oneOf`, any may hold. With `isStrict`, throws SchemaFault for a keyword that is not obeyed,
 * otherwise it is ignored; also for a schema that is malformed, or contains nothing.
 */
export function schemaGrammar(
  schema: unknown,
  { isStrict, path = "schema" }: {
    readonly isStrict: boolean;
    /** Name of the schema in messages. */
    readonly path?: string;
  },
): Grammar {
  return new Reader(schema, isStrict).grammar(schema, path);
}

class Reader {
  readonly #root: unknown;
  readonly #isStrict: boolean;
  readonly #references = new Map<string, Grammar>();
  #count = 0;

  constructor(root: unknown, isStrict: boolean) {
    this.#root = root;
    this.#isStrict = isStrict;
  }

  grammar(schema: unknown, path: string): Grammar {
    if (++this.#count > MOST_SCHEMAS) throw new SchemaFault(`${path}: more than ${MOST_SCHEMAS} schemas`);
    if (schema === true) return anyValue;
    if (!isRecord(schema)) throw new SchemaFault(`${path}: expected a JSON schema, an object`);
    const unknown = Object.keys(schema).find((name) => !obeyed.includes(name) && !notes.includes(name));
    if (unknown !== undefined && this.#isStrict) {
      throw new SchemaFault(`${path}: the keyword ${unknown.slice(0, 40)} is not supported: leave it out`);
    }
    if (schema.$ref !== undefined) return this.#reference(schema.$ref, path);
    if ("const" in schema) return literal(JSON.stringify(schema.const));
    if (schema.enum !== undefined) {
      const values = this.#list(schema.enum, `${path}.enum`);
      return choice(...values.map((value) => JSON.stringify(value)));
    }
    for (const name of ["anyOf", "oneOf"]) {
      if (schema[name] === undefined) continue;
      const all = this.#list(schema[name], `${path}.${name}`);
      return choice(...all.map((each, i) => this.grammar(each, `${path}.${name}[${i}]`)));
    }
    const types = typeof schema.type === "string"
      ? [schema.type]
      : schema.type === undefined
      ? impliedTypes(schema)
      : this.#list(schema.type, `${path}.type`);
    return choice(...types.map((type) => this.#typed(type, schema, path)));
  }

  #typed(type: unknown, schema: Schema, path: string): Grammar {
    switch (type) {
      case "string":
        return stringGrammar(...this.#bounds(schema, ["minLength", "maxLength"], path));
      case "integer":
        return integer;
      case "number":
        return number;
      case "boolean":
        return choice("true", "false");
      case "null":
        return literal("null");
      case "array": {
        const bounds = this.#bounds(schema, ["minItems", "maxItems"], path);
        const isFree = schema.items === undefined && bounds[0] === 0 && bounds[1] === Infinity;
        return isFree ? anyList : listGrammar(
          schema.items === undefined ? anyValue : this.grammar(schema.items, `${path}.items`),
          ...bounds,
        );
      }
      case "object":
        return this.#object(schema, path);
      case "any":
        return anyValue;
    }
    throw new SchemaFault(`${path}.type: expected string, number, integer, boolean, null, array or object`);
  }

  #object(schema: Schema, path: string): Grammar {
    const { properties = {}, required = [], additionalProperties: others = true } = schema;
    if (!isRecord(properties)) throw new SchemaFault(`${path}.properties: expected an object`);
    if (!Array.isArray(required) || !required.every((name) => typeof name === "string")) {
      throw new SchemaFault(`${path}.required: expected a list of names`);
    }
    const names = [...new Set([...Object.keys(properties), ...required])];
    if (names.length === 0) {
      if (others === false) return literal("{}");
      return others === true ? anyObject : mapGrammar(this.grammar(others, `${path}.additionalProperties`));
    }
    const members = names.map((name) => ({
      isRequired: required.includes(name),
      grammar: member(
        name,
        Object.hasOwn(properties, name)
          ? this.grammar(properties[name], `${path}.properties.${name}`)
          : anyValue,
      ),
    }));
    return sequence("{", membersGrammar(members), "}");
  }

  /** Returns the grammar of a reference, which may be within itself. */
  #reference(given: unknown, path: string): Grammar {
    if (typeof given !== "string" || !/^#(\/|$)/.test(given)) {
      throw new SchemaFault(`${path}.$ref: expected a reference within the schema, such as #/$defs/NAME`);
    }
    const known = this.#references.get(given);
    if (known !== undefined) return known;
    let target: unknown = this.#root;
    for (const name of given.split("/").slice(1)) {
      const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
      target = isRecord(target) && Object.hasOwn(target, key) ? target[key] : undefined;
    }
    if (isRecord(target) && typeof target.$ref === "string") {
      throw new SchemaFault(`${path}.$ref: ${given.slice(0, 80)} is itself a reference`);
    }
    if (target === undefined) throw new SchemaFault(`${path}.$ref: there is no ${given.slice(0, 80)}`);
    let made: Grammar | null = null;
    const grammar = reference(() => made!);
    this.#references.set(given, grammar);
    made = this.grammar(target, given);
    return grammar;
  }

  #list(value: unknown, path: string): readonly unknown[] {
    if (Array.isArray(value) && value.length > 0) return value;
    throw new SchemaFault(`${path}: expected a list that is not empty`);
  }

  #bounds(schema: Schema, [low, high]: readonly [string, string], path: string): [number, number] {
    const [min, max] = [schema[low] ?? 0, schema[high] ?? Infinity];
    const isCount = (value: unknown): value is number =>
      typeof value === "number" && value >= 0 && (Number.isInteger(value) || value === Infinity);
    if (isCount(min) && isCount(max) && min <= max && min < Infinity) return [min, max];
    throw new SchemaFault(`${path}: expected ${low} and ${high} to be whole numbers, ${low} at most ${high}`);
  }
}

/** The types that keywords speak of, where the schema names none. */
function impliedTypes(schema: Schema): readonly string[] {
  if (schema.properties !== undefined || schema.required !== undefined) return ["object"];
  if (schema.items !== undefined) return ["array"];
  return schema.minLength !== undefined || schema.maxLength !== undefined ? ["string"] : ["any"];
}

/** Returns the grammar of members in their order, of which some may be left out. */
function membersGrammar(
  members: readonly { readonly isRequired: boolean; readonly grammar: Grammar }[],
): Grammar {
  // From the last to the first: what may follow before any member was written, and after one.
  let [first, later]: [Grammar, Grammar] = [literal(""), blanks];
  for (const { isRequired, grammar } of members.toReversed()) {
    const [begun, next] = [sequence(blanks, grammar, later), sequence(",", blanks, grammar, later)];
    [first, later] = isRequired ? [begun, next] : [choice(begun, first), choice(next, later)];
  }
  return first;
}
