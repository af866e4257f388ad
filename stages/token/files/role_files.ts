/**
 * Reads which tokens begin and end texts from the files beside a tokenizer: `tokenizer_config.json`,
 * `special_tokens_map.json`, `generation_config.json` and `config.json`, as transformers reads them.
 *
 * @module
 */
import { readIfThere } from "../../disk/whole_files.ts";
import type { TokenRoles } from "../token_roles.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** Names of the files that `roleFiles` writes. */
export const roleFileNames: readonly string[] = ["tokenizer_config.json", "generation_config.json"];

const NAMES = ["eos_token", "bos_token", "unk_token"] as const;

/**
 * Returns the roles of tokens that the files of a folder name. The first end of text is the tokenizer's own,
 * then come those of the model; ids and names that the vocabulary lacks are left out. Throws SyntaxError with
 * the file if one is not JSON.
 */
export async function readRoles(folder: string, tokenizer: Vocabulary): Promise<TokenRoles> {
  const [own, map, generation, model] = await Promise.all(
    ["tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "config.json"]
      .map((name) => readObject(`${folder}/${name}`)),
  );
  const named = (name: typeof NAMES[number]): number[] => {
    const text = contentOf(own[name] ?? map[name]);
    const id = text === null ? undefined : idOf(tokenizer, text);
    return id === undefined ? [] : [id];
  };
  const numbered = (name: string): number[] =>
    [generation[name] ?? model[name]].flat().filter((id): id is number =>
      typeof id === "number" && Number.isSafeInteger(id) && id >= 0 && id < tokenizer.vocabSize
    );
  return {
    eos: [...new Set([...named("eos_token"), ...numbered("eos_token_id")])],
    bos: [...named("bos_token"), ...numbered("bos_token_id")][0] ?? null,
    unk: named("unk_token")[0] ?? null,
  };
}

/**
 * Returns the chat template in a folder: chat_template.jinja or, in older folders, the field of
 * `tokenizer_config.json`, whose template "default" is taken if there are several. Null if there is none.
 * Throws SyntaxError with the file if it is not JSON.
 */
export async function readChatTemplate(folder: string): Promise<string | null> {
  const alone = await readIfThere(`${folder}/chat_template.jinja`);
  if (alone !== null) return alone;
  const { chat_template: template } = await readObject(`${folder}/tokenizer_config.json`);
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return null;
  const named = template.find((entry) => entry?.name === "default")?.template;
  return typeof named === "string" ? named : null;
}

/**
 * Returns the contents of the files that hold a tokenizer's roles and chat template; there are none if it has
 * neither.
 */
export function roleFiles(tokenizer: Vocabulary): Map<string, string> {
  const { eos, bos, unk } = tokenizer.roles, names = roleNames(tokenizer);
  if (eos.length === 0 && bos === null && unk === null && tokenizer.chatTemplate === null) return new Map();
  return new Map([
    ["tokenizer_config.json", `${JSON.stringify(names, null, 2)}\n`],
    [
      "generation_config.json",
      `${JSON.stringify({ bos_token_id: bos, eos_token_id: oneOrList(eos) }, null, 2)}\n`,
    ],
  ]);
}

/** Returns an id alone, or a list of several ids, as `eos_token_id` is written; null for none. */
export function oneOrList(ids: readonly number[]): number | readonly number[] | null {
  return ids.length > 1 ? ids : ids[0] ?? null;
}

/** Returns the texts of the tokens that have a role, and the chat template, as in `tokenizer_config.json`. */
export function roleNames(
  tokenizer: Vocabulary,
): Partial<Record<typeof NAMES[number] | "chat_template", string>> {
  const { eos, bos, unk } = tokenizer.roles, { chatTemplate } = tokenizer;
  const entries = [["bos_token", bos], ["eos_token", eos[0] ?? null], ["unk_token", unk]] as const;
  return {
    ...Object.fromEntries(
      entries.flatMap(([name, id]) => id === null ? [] : [[name, textOf(tokenizer, id)]]),
    ),
    ...(chatTemplate !== null && { chat_template: chatTemplate }),
  };
}

function textOf(tokenizer: Vocabulary, id: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(tokenizer.decodeSingleTokenBytes(id));
}

function idOf(tokenizer: Vocabulary, text: string): number | undefined {
  const id = tokenizer.special.get(text);
  if (id !== undefined) return id;
  try {
    return tokenizer.encodeSingleToken(text);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Reads a token's name: a string, or an object with its content. */
function contentOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || !("content" in value)) return null;
  return typeof value.content === "string" ? value.content : null;
}

async function readObject(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readIfThere(path);
  if (text === null) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: not JSON: ${String(cause)}`, { cause });
  }
  return typeof value === "object" && value !== null ? { ...value } : {};
}
