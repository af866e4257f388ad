/**
 * Keywords of JSON schemas (JSON Schema 2020-12), and schemas that must hold together as one.
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";

/** A JSON schema that is an object. */
export type Schema = Readonly<Record<string, unknown>>;

/** A schema that is malformed, or whose JSON a grammar cannot describe. */
export class SchemaFault extends TypeError {}

/** Keywords that describe and do not restrict. */
const notes = [
  "title",
  "description",
  "default",
  "example",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "contentEncoding",
  "contentMediaType",
  "discriminator",
  "strict",
  "$schema",
  "$id",
  "$comment",
  "$anchor",
  "$defs",
  "definitions",
];

/** Types, and the keywords that restrict values of them. */
const typed: readonly (readonly [type: string, keywords: readonly string[]])[] = [
  ["object", ["properties", "required", "additionalProperties"]],
  ["array", ["items", "minItems", "maxItems", "uniqueItems"]],
  ["string", ["minLength", "maxLength", "pattern", "format"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
];

const obeyed = [
  "type",
  "enum",
  "const",
  "anyOf",
  "oneOf",
  "allOf",
  "$ref",
  ...typed.flatMap(([, all]) => all),
];

/** Returns a keyword that is neither obeyed nor a note; undefined if there is none. */
export function unknownKeyword(schema: Schema): string | undefined {
  return Object.keys(schema).find((name) => !obeyed.includes(name) && !isNote(name));
}

/** Returns the keywords that restrict, without some of them. */
export function restrictions(schema: Schema, except: readonly string[]): Schema {
  return Object.fromEntries(
    Object.entries(schema).filter(([name]) => !isNote(name) && !except.includes(name)),
  );
}

function isNote(name: string): boolean {
  return notes.includes(name) || name.startsWith("x-");
}

/** Returns the types that a schema names, or those that its keywords speak of; "any" if it says nothing. */
export function typesOf(schema: Schema): readonly unknown[] {
  if (Array.isArray(schema.type)) return schema.type;
  if (schema.type !== undefined) return [schema.type];
  const implied = typed.filter(([, keywords]) => keywords.some((name) => schema[name] !== undefined));
  return implied.length > 0 ? implied.map(([type]) => type) : ["any"];
}

/** Returns the schema of what two schemas both allow. Throws SchemaFault if one schema cannot say that. */
export function merged(a: Schema, b: Schema, path: string): Schema {
  const all: Record<string, unknown> = { ...a };
  for (const [name, value] of Object.entries(restrictions(b, []))) {
    const own = Object.hasOwn(all, name) ? all[name] : undefined;
    all[name] = own === undefined ? value : both(name, [own, value], path);
  }
  for (const [one, other] of [[a, b], [b, a]]) {
    const others = one.additionalProperties, isOpen = others === undefined || others === true;
    const known = isRecord(one.properties) ? one.properties : {};
    const given = isRecord(other.properties) ? Object.keys(other.properties) : [];
    if (isOpen || given.every((name) => Object.hasOwn(known, name))) continue;
    throw new SchemaFault(`${path}: additionalProperties excludes properties that a schema beside it has`);
  }
  return all;
}

function both(name: string, [a, b]: readonly [unknown, unknown], path: string): unknown {
  const isNumbers = typeof a === "number" && typeof b === "number";
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  if (isNumbers && /^(min|exclusiveMin)/.test(name)) return Math.max(a, b);
  if (isNumbers && /^(max|exclusiveMax)/.test(name)) return Math.min(a, b);
  if (name === "type") return commonTypes(a, b);
  if (name === "required" && Array.isArray(a) && Array.isArray(b)) return [...new Set([...a, ...b])];
  if (name === "properties" && isRecord(a) && isRecord(b)) {
    const shared = Object.keys(b).filter((key) => Object.hasOwn(a, key)).map((key) => {
      const [one, other] = [a[key], b[key]];
      if (!isRecord(one) || !isRecord(other)) {
        throw new SchemaFault(`${path}.properties.${key}: expected objects`);
      }
      return [key, merged(one, other, `${path}.properties.${key}`)];
    });
    return { ...a, ...b, ...Object.fromEntries(shared) };
  }
  throw new SchemaFault(`${path}: ${name} stands in two schemas that must both hold: write it once`);
}

function commonTypes(a: unknown, b: unknown): readonly unknown[] {
  const [one, other] = [[a].flat(), [b].flat()];
  const isIn = (type: unknown, list: readonly unknown[]) =>
    list.includes(type) || type === "integer" && list.includes("number");
  return [
    ...new Set([...one.filter((type) => isIn(type, other)), ...other.filter((type) => isIn(type, one))]),
  ];
}

/** Returns whether no value fits two schemas: by their types, values, or those of a property of both. */
export function isDisjoint(a: unknown, b: unknown): boolean {
  if (!isRecord(a) || !isRecord(b)) return false;
  const [values, others] = [valuesOf(a), valuesOf(b)];
  if (values !== null && others !== null) return !values.some((value) => others.includes(value));
  const [one, other] = [kindsOf(a), kindsOf(b)];
  if (one !== null && other !== null && !one.some((type) => other.includes(type))) return true;
  if (one?.join() !== "object" || other?.join() !== "object") return false;
  const [own, its] = [a.properties, b.properties];
  if (!isRecord(own) || !isRecord(its)) return false;
  return Object.keys(own).some((name) =>
    [a, b].every(({ required }) => Array.isArray(required) && required.includes(name)) &&
    isDisjoint(own[name], its[name])
  );
}

/** Returns the values that `const` or `enum` list, as JSON; null if the schema has neither. */
export function valuesOf(schema: Schema): readonly string[] | null {
  if (Object.hasOwn(schema, "const")) return [JSON.stringify(schema.const)];
  return Array.isArray(schema.enum) ? [...new Set(schema.enum.map((value) => JSON.stringify(value)))] : null;
}

/** Returns the types of the values of a schema, whole numbers as numbers; null if it does not say. */
function kindsOf(schema: Schema): readonly string[] | null {
  const values = valuesOf(schema)?.map((text) => JSON.parse(text));
  const types =
    values?.map((value) => Array.isArray(value) ? "array" : value === null ? "null" : typeof value) ??
      (schema.type === undefined ? null : [schema.type].flat());
  return types?.map((type) => type === "integer" ? "number" : `${type}`) ?? null;
}
