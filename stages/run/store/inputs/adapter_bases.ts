/**
 * Finds the models that fetched adapters were trained for, which are read with them.
 *
 * @module
 */
import { basename } from "node:path";
import { isRecord } from "../../../disk/json.ts";
import { readIfThere } from "../../../disk/whole_files.ts";
import { isS3 } from "../../../format/web/s3/s3_uri.ts";
import { withAddresses } from "./local_copy.ts";

/**
 * Returns the addresses of the models that checkpoints (`stream.json`) and folders of PEFT
 * (`adapter_config.json`) among these files name, as far as they are in an object store. Damaged files are
 * left to those who read them.
 */
export async function adapterBases(paths: readonly string[]): Promise<readonly string[]> {
  const bases: string[] = [];
  for (const path of paths) {
    const name = basename(path);
    if (name !== "stream.json" && name !== "adapter_config.json") continue;
    const value = parsed(await readIfThere(path) ?? "");
    const base = name === "stream.json"
      ? fieldOf(value, "parts", "train", "state", "adapters", "base")
      : fieldOf(value, "base_model_name_or_path");
    const address = typeof base === "string" ? withAddresses(base) : "";
    if (isS3(address)) bases.push(address);
  }
  return bases;
}

function fieldOf(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce((at, name) => isRecord(at) ? at[name] : undefined, value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
