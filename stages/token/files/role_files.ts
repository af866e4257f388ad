/**
 * Reads which tokens begin and end texts from the files beside a tokenizer: `tokenizer_config.json`,
 * `special_tokens_map.json`, `generation_config.json` and `config.json`, as transformers reads them.
 *
 * @module
 */
import { readIfThere } from "../../disk/whole_files.ts";
import type { TokenRoles } from "../token_roles.ts";
import { type RoleName, rolesOf, roleSources } from "./roles.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** Names of the files that `roleFiles` writes. */
export const roleFileNames: readonly string[] = ["tokenizer_config.json", "generation_config.json"];

/**
 * Returns the roles of tokens that the files of a folder name; see `rolesOf`. Throws SyntaxError with the
 * file if one is not JSON.
 */
export async function readRoles(folder: string, tokenizer: Vocabulary): Promise<TokenRoles> {
  const files = await Promise.all(
    roleSources.map(async (name) => [name, await readObject(`${folder}/${name}`)] as const),
  );
  return rolesOf(new Map(files), tokenizer);
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
): Partial<Record<RoleName | "chat_template", string>> {
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
