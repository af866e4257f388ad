/**
 * The grammar of the JSON that a JSON schema allows: JSON Schema 2020-12 without what no grammar of moderate
 * size describes.
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";
import { Automaton, type State } from "./automaton.ts";
import { choice, type Grammar, literal, reference, sequence } from "./grammar.ts";
import { FIRST_WORK } from "./grammar_constraint.ts";
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
  uniqueListGrammar,
} from "./json_grammar.ts";
import { numberGrammar } from "./number_grammar.ts";
import { formatPattern } from "./regular/formats.ts";
import { PatternFault, patternOf } from "./regular/pattern.ts";
import { patternedString } from "./regular/string_grammar.ts";
import {
  isDisjoint,
  merged,
  restrictions,
  type Schema,
  SchemaFault,
  typesOf,
  unknownKeyword,
  valuesOf,
} from "./schema_keywords.ts";

/** Most schemas within a schema, and most of which each contains the next. */
const MOST_SCHEMAS = 5000, MOST_DEPTH = 200;
/** Most transitions of the automata of all patterns of a schema: some 0.3 s of work. */
const MOST_STEPS = 300_000;
/** Most different items of a list without repetitions. */
const MOST_UNIQUE = 16;

/** How a schema is read. */
export interface SchemaOptions {
  /** Name of the schema in messages. */
  readonly path?: string;
  /** Whether what a grammar cannot obey is ignored; default: an error. */
  readonly isLenient?: boolean;
}

/**
 * Returns the grammar of JSON that fits a schema, though not of all of it: names of properties come in the
 * order of the schema, none are added to those that it lists, and bounded numbers have no exponent. Throws
 * SchemaFault for a schema that is malformed or allows nothing, and for keywords that cannot be obeyed, and
 * GrammarLimitError where it takes too long to tell which values fit.
 */
export function schemaGrammar(
  schema: unknown,
  { path = "schema", isLenient = false }: SchemaOptions = {},
): Grammar {
  return new Reader(schema, isLenient).grammar(schema, path);
}

class Reader {
  readonly #root: unknown;
  readonly #isLenient: boolean;
  readonly #references = new Map<string, Grammar>();
  readonly #steps = { left: MOST_STEPS };
  #count = 0;
  #depth = 0;

  constructor(root: unknown, isLenient: boolean) {
    this.#root = root;
    this.#isLenient = isLenient;
  }

  grammar(schema: unknown, path: string): Grammar {
    if (++this.#count > MOST_SCHEMAS) throw new SchemaFault(`${path}: more than ${MOST_SCHEMAS} schemas`);
    if (this.#depth === MOST_DEPTH) throw new SchemaFault(`${path}: more than ${MOST_DEPTH} schemas deep`);
    this.#depth++;
    try {
      return this.#grammar(schema, path);
    } finally {
      this.#depth--;
    }
  }

  #grammar(schema: unknown, path: string): Grammar {
    if (schema === true) return anyValue;
    if (schema === false) throw new SchemaFault(`${path}: false allows no value`);
    if (!isRecord(schema)) throw new SchemaFault(`${path}: expected a JSON schema, an object`);
    const unknown = unknownKeyword(schema);
    if (unknown !== undefined) {
      this.#unsupported(path, `the keyword ${unknown.slice(0, 40)} is not supported`);
    }
    if (schema.$ref !== undefined) {
      const others = restrictions(schema, ["$ref"]);
      if (Object.keys(others).length === 0) return this.#reference(schema.$ref, path);
      return this.#together([others, this.#target(schema.$ref, path)], path);
    }
    if (schema.allOf !== undefined) {
      return this.#together(
        [restrictions(schema, ["allOf"]), ...this.#list(schema.allOf, `${path}.allOf`)],
        path,
      );
    }
    if (schema.enum !== undefined) this.#list(schema.enum, `${path}.enum`);
    const values = valuesOf(schema);
    if (values !== null) return this.#values(values, schema, path);
    for (const name of ["anyOf", "oneOf"]) {
      if (schema[name] !== undefined) return this.#alternatives(name, schema, path);
    }
    const types = typesOf(schema);
    if (types.length === 0) throw new SchemaFault(`${path}: no type is left that fits`);
    return choice(...types.map((type) => this.#typed(type, schema, path)));
  }

  /** Returns the grammar of a list of values, of which those remain that fit the other keywords. */
  #values(values: readonly string[], schema: Schema, path: string): Grammar {
    const others = restrictions(schema, ["const", ...Object.hasOwn(schema, "const") ? [] : ["enum"]]);
    let fitting = values;
    if (Object.keys(others).length > 0) {
      const automaton = new Automaton(this.grammar(others, path), FIRST_WORK);
      fitting = values.filter((text) => accepts(automaton, text));
    }
    if (fitting.length === 0) throw new SchemaFault(`${path}: none of the values fits the other keywords`);
    return choice(...fitting);
  }

  #alternatives(name: string, schema: Schema, path: string): Grammar {
    const all = this.#list(schema[name], `${path}.${name}`), others = restrictions(schema, [name]);
    if (name === "oneOf") {
      const targets = all.map((each) => isRecord(each) ? this.#resolved(each, path) : each);
      const isExclusive = targets.every((each, i) =>
        targets.slice(0, i).every((other) => isDisjoint(each, other))
      );
      if (!isExclusive) {
        this.#unsupported(
          path,
          "oneOf is supported only where types or constants tell its schemas apart; give anyOf",
        );
      }
    }
    return choice(
      ...all.map((each, i) =>
        Object.keys(others).length === 0
          ? this.grammar(each, `${path}.${name}[${i}]`)
          : this.#together([others, each], `${path}.${name}[${i}]`)
      ),
    );
  }

  /** Returns the grammar of what fits several schemas. */
  #together(schemas: readonly unknown[], path: string): Grammar {
    let all: Schema = {};
    for (const each of schemas) {
      if (each === true) continue;
      if (!isRecord(each)) throw new SchemaFault(`${path}: expected JSON schemas that are objects`);
      all = merged(all, this.#resolved(each, path), path);
    }
    return this.grammar(all, path);
  }

  /** Returns a schema without a reference at its top. */
  #resolved(schema: Schema, path: string): Schema {
    if (schema.$ref === undefined) return schema;
    const target = this.#target(schema.$ref, path);
    if (!isRecord(target)) throw new SchemaFault(`${path}.$ref: expected a reference to an object`);
    return merged(restrictions(schema, ["$ref"]), target, path);
  }

  #typed(type: unknown, schema: Schema, path: string): Grammar {
    switch (type) {
      case "string":
        return this.#string(schema, path);
      case "integer":
      case "number":
        return this.#number(type, schema, path);
      case "boolean":
        return choice("true", "false");
      case "null":
        return literal("null");
      case "array":
        return this.#array(schema, path);
      case "object":
        return this.#object(schema, path);
      case "any":
        return anyValue;
    }
    throw new SchemaFault(`${path}.type: expected string, number, integer, boolean, null, array or object`);
  }

  #string(schema: Schema, path: string): Grammar {
    const [min, max] = this.#bounds(schema, ["minLength", "maxLength"], path), patterns: string[] = [];
    const { pattern, format } = schema;
    if (pattern !== undefined) {
      if (typeof pattern !== "string") {
        throw new SchemaFault(`${path}.pattern: expected a regular expression`);
      }
      patterns.push(pattern);
    }
    if (typeof format === "string") {
      const known = formatPattern(format);
      if (known === null) this.#unsupported(path, `the format ${format} is not supported`);
      else if (known !== undefined) patterns.push(known);
    }
    if (patterns.length === 0) return stringGrammar(min, max);
    try {
      return patternedString({ patterns: patterns.map(patternOf), min, max }, this.#steps);
    } catch (cause) {
      if (!(cause instanceof PatternFault)) throw cause;
      this.#unsupported(path, `the pattern cannot be obeyed: ${cause.message}`);
      return stringGrammar(min, max);
    }
  }

  #number(type: "integer" | "number", schema: Schema, path: string): Grammar {
    const bound = (name: string, none: number) => {
      const value = schema[name];
      if (value === undefined || typeof value === "number") return value ?? none;
      throw new SchemaFault(`${path}.${name}: expected a number`);
    };
    const step = schema.multipleOf ?? null;
    if (step !== null && !(typeof step === "number" && step > 0)) {
      throw new SchemaFault(`${path}.multipleOf: expected a number above 0`);
    }
    const [min, max] = [bound("minimum", -Infinity), bound("maximum", Infinity)];
    const [above, below] = [bound("exclusiveMinimum", -Infinity), bound("exclusiveMaximum", Infinity)];
    const isFree = min === -Infinity && max === Infinity && above === -Infinity && below === Infinity;
    if (isFree && step === null) return type === "integer" ? integer : number;
    const grammar = numberGrammar({ isInteger: type === "integer", min, max, above, below, step });
    if (grammar === null) throw new SchemaFault(`${path}: no number of at most 15 digits fits`);
    return grammar;
  }

  #array(schema: Schema, path: string): Grammar {
    const [min, max] = this.#bounds(schema, ["minItems", "maxItems"], path), { items } = schema;
    if (schema.uniqueItems === true && max > 1) {
      const texts = isRecord(items) ? this.#finite(items, path) : null;
      if (texts !== null && texts.length <= MOST_UNIQUE) {
        if (texts.length < min) {
          throw new SchemaFault(`${path}: there are fewer different items than minItems`);
        }
        return uniqueListGrammar(texts, min, max);
      }
      this.#unsupported(
        path,
        `uniqueItems is supported only for items with an enum of at most ${MOST_UNIQUE}`,
      );
    }
    if (items === undefined && min === 0 && max === Infinity) return anyList;
    if (max === 0) return literal("[]");
    return listGrammar(items === undefined ? anyValue : this.grammar(items, `${path}.items`), min, max);
  }

  /** Returns the values of a schema that has few, as JSON; null if it has many. */
  #finite(schema: Schema, path: string): readonly string[] | null {
    const own = this.#resolved(schema, path);
    const values = own.type === "boolean" ? ["true", "false"] : valuesOf(own);
    if (values === null) return null;
    const automaton = new Automaton(this.grammar(own, `${path}.items`), FIRST_WORK);
    return values.filter((text) => accepts(automaton, text));
  }

  #object(schema: Schema, path: string): Grammar {
    const { properties = {}, required = [], additionalProperties: others = true } = schema;
    if (!isRecord(properties)) throw new SchemaFault(`${path}.properties: expected an object`);
    if (!Array.isArray(required) || !required.every((name) => typeof name === "string")) {
      throw new SchemaFault(`${path}.required: expected a list of names`);
    }
    const names = [...new Set([...Object.keys(properties), ...required])]
      .filter((name) => properties[name] !== false || required.includes(name));
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
          : this.grammar(others, `${path}.required.${name}`),
      ),
    }));
    return sequence("{", membersGrammar(members), "}");
  }

  /** Returns the grammar of a reference, which may be within itself. */
  #reference(given: unknown, path: string): Grammar {
    const target = this.#target(given, path), name = `${given}`, known = this.#references.get(name);
    if (known !== undefined) return known;
    let made: Grammar | null = null;
    const grammar = reference(() => made!);
    this.#references.set(name, grammar);
    made = this.grammar(target, name);
    return grammar;
  }

  /** Returns the schema that a reference names. */
  #target(given: unknown, path: string): unknown {
    if (typeof given !== "string" || !/^#(\/|$)/.test(given)) {
      throw new SchemaFault(`${path}.$ref: expected a reference within the schema, such as #/$defs/NAME`);
    }
    let target: unknown = this.#root;
    for (const name of given.split("/").slice(1)) {
      const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
      target = isRecord(target) && Object.hasOwn(target, key) ? target[key] : undefined;
    }
    if (isRecord(target) && typeof target.$ref === "string") {
      throw new SchemaFault(`${path}.$ref: ${given.slice(0, 80)} is itself a reference`);
    }
    if (target === undefined) throw new SchemaFault(`${path}.$ref: there is no ${given.slice(0, 80)}`);
    return target;
  }

  /** Throws SchemaFault for what cannot be obeyed, unless that may be ignored. */
  #unsupported(path: string, what: string): void {
    if (this.#isLenient) return;
    throw new SchemaFault(`${path}: ${what}: leave it out, or give strict: false, with which it is ignored`);
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

function accepts(automaton: Automaton, text: string): boolean {
  let state: State | null = automaton.start;
  for (const byte of new TextEncoder().encode(text)) {
    state = state === null ? null : automaton.step(state, byte);
  }
  return state?.accepts ?? false;
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
