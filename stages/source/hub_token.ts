/**
 * The access token for private and gated datasets of the Hugging Face Hub.
 *
 * @module
 */
import { homedir } from "node:os";
import { isMissing } from "../disk/file_error.ts";
import { openFile } from "../disk/files.ts";

const MAX_BYTES = 1000; // a token has about 40

/**
 * Reads a token from a file, by default from the one that `hf auth login` writes, which need not exist.
 * Throws Deno.errors.NotFound for another file that is missing, and Deno.errors.InvalidData for one without a
 * token.
 */
export async function hubToken(file: string | null | undefined): Promise<string | null> {
  const path = file ?? ownTokenFile();
  if (path === null) return null;
  let text: string;
  try {
    text = await firstText(path);
  } catch (error) {
    if (isMissing(error) && (file ?? null) === null) return null;
    throw error;
  }
  const token = text.trim();
  if (/^hf_\w+$/.test(token)) return token;
  throw new Deno.errors.InvalidData(
    `Cannot read a token of the Hub from ${path}: it holds no text like hf_…: give --hub-token with a file that ` +
      `holds only the token`,
  );
}

async function firstText(path: string): Promise<string> {
  using file = await openFile(path);
  const bytes = new Uint8Array(MAX_BYTES), size = await file.read(bytes);
  return new TextDecoder().decode(bytes.subarray(0, size ?? 0));
}

/**
 * The token file of the Hub's own programs; null where the home folder is unknown or may not be asked for.
 */
function ownTokenFile(): string | null {
  try {
    return `${homedir()}/.cache/huggingface/token`;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return null;
    throw error;
  }
}
