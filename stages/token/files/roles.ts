/**
 * Which tokens begin and end texts, from the contents of the files beside a tokenizer, as transformers reads
 * them.
 *
 * @module
 */
import type { TokenRoles } from "../token_roles.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** Name of a role in tokenizer_config.json and special_tokens_map.json. */
export type RoleName = "eos_token" | "bos_token" | "unk_token";

/** Names of the files that name roles. */
export const roleSources = [
  "tokenizer_config.json",
  "special_tokens_map.json",
  "generation_config.json",
  "config.json",
] as const;

/** Contents of these files; a file that is missing has none. */
export type RoleObjects = ReadonlyMap<
  (typeof roleSources)[number],
  Readonly<Record<string, unknown>>
>;

/**
 * Returns the roles that files name. The first end of text is the tokenizer's own, then come those of the
 * model; ids and names that the vocabulary lacks are left out.
 */
export function rolesOf(files: RoleObjects, tokenizer: Vocabulary): TokenRoles {
  const [own, map, generation, model] = roleSources.map((name) => files.get(name) ?? {});
  const named = (name: RoleName): number[] => {
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
