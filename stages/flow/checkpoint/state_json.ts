/**
 * Saved states as readable JSON. Values that JSON lacks (tensors, typed arrays, numbers such as NaN) become
 * an object whose only key starts with `$`.
 *
 * @module
 */
import { isRecord, type Json } from "../../disk/json.ts";
import { TensorFile } from "./types.ts";

const typedArrays = {
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
};

/**
 * Returns a state as JSON; its tensor files are added to `files`. Throws TypeError for a value without a JSON
 * form (a Map, a function, an instance of a class), naming its place in the state, and for two tensor files
 * of the same name.
 */
export function encodeState(state: unknown, files: Map<string, TensorFile>): Json {
  return encode(state, "", files);
}

/**
 * Returns the state that `encodeState` encoded. Throws TypeError if `files` lacks one of its tensor files.
 */
export function decodeState(json: Json, files: ReadonlyMap<string, TensorFile>): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (json instanceof Array) return json.map((element) => decodeState(element, files));
  const keys = Object.keys(json);
  if (keys.length === 1 && keys[0].startsWith("$")) return decodeMarked(keys[0], json[keys[0]], files);
  return mapFields(json, (field) => decodeState(field, files));
}

function encode(value: unknown, path: string, files: Map<string, TensorFile>): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: numberName(value) };
    case "object":
      return value === null ? null : encodeObject(value, path, files);
    default:
      throw cannotEncode(typeof value, path);
  }
}

function encodeObject(value: object, path: string, files: Map<string, TensorFile>): Json {
  if (Array.isArray(value)) return value.map((element, i) => encode(element, `${path}[${i}]`, files));
  if (value instanceof TensorFile) return encodeTensors(value, files);
  for (const [name, make] of Object.entries(typedArrays)) {
    if (value instanceof make) {
      return { $array: { type: name, values: Array.from(value, (x) => encode(x, path, files)) } };
    }
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw cannotEncode(value.constructor?.name ?? "an instance of a class", path);
  }
  const plain: Record<string, unknown> = Object.fromEntries(Object.entries(value));
  const keys = Object.keys(plain).filter((key) => plain[key] !== undefined);
  const json = Object.fromEntries(keys.map((key) => [key, encode(plain[key], `${path}.${key}`, files)]));
  return keys.length === 1 && keys[0].startsWith("$") ? { $object: json } : json;
}

function encodeTensors(tensors: TensorFile, files: Map<string, TensorFile>): Json {
  const { file } = tensors;
  if (files.has(file)) {
    throw new TypeError(
      `Two states of a checkpoint have tensors for ${file}.safetensors: give one of them another name`,
    );
  }
  files.set(file, tensors);
  return { $tensors: file };
}

function decodeMarked(mark: string, json: Json, files: ReadonlyMap<string, TensorFile>): unknown {
  if (mark === "$number" && typeof json === "string") return Number(json);
  if (mark === "$object" && isRecord(json)) return mapFields(json, (field) => decodeState(field, files));
  if (mark === "$array" && isRecord(json) && json.values instanceof Array) {
    const make = Object.entries(typedArrays).find(([name]) => name === json.type)?.[1];
    if (make !== undefined) return make.from(json.values.map((value) => Number(decodeState(value, files))));
  }
  if (mark === "$tensors" && typeof json === "string") {
    const tensors = files.get(json);
    if (tensors === undefined) {
      throw new TypeError(`A saved state needs ${json}.safetensors: the checkpoint does not hold it`);
    }
    return tensors;
  }
  throw new TypeError(`Unknown key ${mark} in a saved state: another version of the program wrote it`);
}

function mapFields(json: Readonly<Record<string, Json>>, decode: (field: Json) => unknown): object {
  return Object.fromEntries(Object.entries(json).map(([key, field]) => [key, decode(field)]));
}

function numberName(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function cannotEncode(kind: string, path: string): TypeError {
  return new TypeError(
    `Cannot write ${kind} at state${path} as JSON: keep plain data in the state, or give the stage a save()`,
  );
}
