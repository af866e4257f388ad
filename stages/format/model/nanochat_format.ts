/**
 * nanochat's model in files: the names of its tensors, its configuration as JSON, and safetensors files,
 * those of a folder or the one of a checkpoint. Source: karpathy/nanochat, gpt.py and checkpoint_manager.py.
 *
 * @module
 */
import type { Shape } from "../../../kernels/core/tensor.ts";
import {
  type FullNanochatConfig,
  hasValueEmbedding,
  type NanochatConfig,
  nanochatFault,
  nanochatOptions,
} from "../../../kernels/models/nanochat_options.ts";
import { withDefaults } from "../../../kernels/models/model_options.ts";
import { invalidData } from "../invalid_data.ts";
import { excerpt } from "../text/excerpt.ts";
import type { ByteSource } from "./byte_source.ts";
import { parseJson } from "../text/parse_json.ts";
import { type Fields, fieldsOf } from "./json_fields.ts";
import { floats, openTensors } from "./tensor_places.ts";
import type { NamedShape, WeightFile } from "./weight_file.ts";

/** Name of the token embedding [Vp, C]. */
const EMBEDDING = "wte.weight";

/** Name of the output head [Vp, C]. */
const HEAD = "lm_head.weight";

/** Keys of the options in nanochat's configuration. */
const keys: Readonly<Record<Exclude<keyof FullNanochatConfig, "vocabPad">, string>> = {
  seqLen: "sequence_len",
  vocabSize: "vocab_size",
  layers: "n_layer",
  heads: "n_head",
  keyHeads: "n_kv_head",
  channels: "n_embd",
  windowPattern: "window_pattern",
};

/**
 * Yields every tensor of a model, in the order of its layers. Tables have the rows that pad the vocabulary.
 */
export function* nanochatTensors(config: NanochatConfig): Generator<NamedShape> {
  const { layers, heads, keyHeads, channels: c, vocabSize, vocabPad } = withDefaults(nanochatOptions, config);
  const rows = Math.ceil(vocabSize / vocabPad) * vocabPad, keyWidth = keyHeads * c / heads;
  yield { name: EMBEDDING, shape: [rows, c] };
  yield { name: "smear_gate.weight", shape: [1, 24] };
  yield { name: "smear_lambda", shape: [1] };
  yield { name: "resid_lambdas", shape: [layers] };
  yield { name: "x0_lambdas", shape: [layers] };
  for (let i = 0; i < layers; i++) {
    const hasValues = hasValueEmbedding(i, layers);
    if (hasValues) yield { name: `value_embeds.${i}.weight`, shape: [rows, keyWidth] };
    yield { name: `h.${i}.attn.c_q.weight`, shape: [c, c] };
    yield { name: `h.${i}.attn.c_k.weight`, shape: [keyWidth, c] };
    yield { name: `h.${i}.attn.c_v.weight`, shape: [keyWidth, c] };
    if (hasValues) yield { name: `h.${i}.attn.ve_gate.weight`, shape: [keyHeads, 12] };
    yield { name: `h.${i}.attn.c_proj.weight`, shape: [c, c] };
    yield { name: `h.${i}.mlp.c_fc.weight`, shape: [4 * c, c] };
    yield { name: `h.${i}.mlp.c_proj.weight`, shape: [c, 4 * c] };
  }
  yield { name: "backout_lambda", shape: [1] };
  yield { name: HEAD, shape: [rows, c] };
}

/** Returns the name of a tensor in nanochat's own files. */
export function nanochatName(name: string): string {
  return /^(wte|h)\./.test(name) ? `transformer.${name}` : name;
}

/** Returns the model's name of a tensor in a file. */
export function nanochatNameOf(name: string): string {
  return name.replace(/^(_orig_mod\.|module\.)+/, "").replace(/^transformer\./, "");
}

/** Returns whether a parsed `config.json` is nanochat's. */
export function isNanochatConfig(json: unknown): boolean {
  const get = fieldsOf(json);
  return get("sequence_len") !== undefined && get("model_type") === undefined;
}

/**
 * Returns the model that nanochat's configuration describes. Throws Deno.errors.InvalidData, naming `path`,
 * the key and the expected value.
 */
export function nanochatConfigOf(json: unknown, path: string): NanochatConfig {
  const get: Fields = fieldsOf(json),
    wrong = (why: string): Error => invalidData(`Cannot read the model's configuration from ${path}: ${why}`);
  const pattern = get(keys.windowPattern) ?? "L"; // as nanochat reads checkpoints of before
  const known = nanochatOptions.windowPattern.choices.find((choice) =>
    choice === String(pattern).toUpperCase()
  );
  if (known === undefined) {
    throw wrong(
      `window_pattern is ${excerpt(pattern)}, expected one of ${
        nanochatOptions.windowPattern.choices.join(", ")
      }`,
    );
  }
  const read = Object.fromEntries(Object.entries(keys).map(([option, key]) => [option, get(key)]));
  const config = { ...read, keyHeads: read.keyHeads ?? read.heads, windowPattern: known };
  const fault = nanochatFault(config);
  if (fault !== null) throw wrong(fault);
  return config as unknown as NanochatConfig;
}

/** Parses a `config.json`. Throws as `nanochatConfigOf`. */
export function parseNanochatConfig(text: string, path: string): NanochatConfig {
  return nanochatConfigOf(parseJson(text), path);
}

/** The text of nanochat's configuration. */
export function nanochatConfigText(config: NanochatConfig): string {
  const full: Readonly<Record<string, unknown>> = withDefaults(nanochatOptions, config);
  const entries = Object.entries(keys).map(([option, key]) => [key, full[option]]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/** A source of tensors whose names are the model's. */
export interface NanochatTensors {
  /** Shape of each tensor. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Type of the floats. */
  readonly dtype: WeightFile["dtype"];
  /** Reads a tensor as float32. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Closes the files. */
  close(): void;
  /** Returns an error that names the files. */
  refused(why: string): Error;
}

/**
 * Returns the model in some tensors. Throws the errors of `refused` if a tensor is missing, unknown or has
 * another shape than `config` implies; the tables of tokens may have fewer rows of padding.
 */
export function nanochatModel(
  tensors: NanochatTensors,
  { path, config }: { readonly path: string; readonly config: NanochatConfig },
): WeightFile {
  const { shapes, refused } = tensors, left = new Set(shapes.keys()), { vocabSize } = config;
  if (!left.has("resid_lambdas") && left.has("h.0.attn.c_q.weight")) {
    throw refused("it is of nanochat's first version, whose model had no resid_lambdas: it is not supported");
  }
  for (const { name, shape } of nanochatTensors(config)) {
    const found = shapes.get(name);
    if (found === undefined) throw refused(`tensor ${nanochatName(name)} is missing`);
    const isTable = name === EMBEDDING || name === HEAD || name.startsWith("value_embeds.");
    const fits = isTable && found.length === 2 && found[1] === shape[1] && found[0] >= vocabSize;
    if (!fits && String(found) !== String(shape)) {
      throw refused(`tensor ${nanochatName(name)} has shape [${found}], expected [${shape}]`);
    }
    left.delete(name);
  }
  const [unknown] = left;
  if (unknown !== undefined) throw refused(`tensor ${excerpt(unknown)} is not part of nanochat's model`);
  const order = Array.from(nanochatTensors(config), ({ name }) => name);
  return {
    path,
    config,
    dtype: tensors.dtype,
    shapes: new Map(order.map((name) => [name, shapes.get(name) ?? []])),
    read: (name) => tensors.read(name),
    close: () => tensors.close(),
  };
}

/**
 * Opens safetensors files that together contain a model. Throws Deno.errors.InvalidData as `nanochatModel`.
 */
export async function openNanochatSafetensors(
  files: readonly ByteSource[],
  { path, config }: { readonly path: string; readonly config: NanochatConfig },
): Promise<WeightFile> {
  const refused = (why: string): Error => invalidData(`Cannot read ${path} as a model of nanochat: ${why}`);
  const places = await openTensors(files, { refused, nameOf: nanochatNameOf });
  try {
    const odd = [...places.entries.values()].find(({ dtype }) => !floats.has(dtype));
    if (odd !== undefined) {
      throw refused(
        `tensor ${excerpt(odd.name)} has type ${odd.dtype}, expected one of ${[...floats.keys()].join(", ")}`,
      );
    }
    return nanochatModel({
      shapes: new Map([...places.entries].map(([name, { shape }]) => [name, shape])),
      dtype: places.dtype,
      read: (name) => places.read(name),
      close: () => places.close(),
      refused,
    }, { path, config });
  } catch (error) {
    places.close();
    throw error;
  }
}
