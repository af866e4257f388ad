/**
 * The file of `--tune`: a JSON object of the kernels that were chosen by timing, for each adapter and each
 * call.
 *
 * @module
 */
import type { TuningStore } from "../../../kernels/engine/webgpu/tuning.ts";
import { isRecord } from "../../../stages/disk/json.ts";
import { readIfThere, writeWhole } from "../../../stages/disk/whole_files.ts";

/** Identifies the file as written by this program, with the version of its format. */
const KIND = "kernels chosen by timing, 1";

type Choices = Readonly<Record<string, string>>;
type Adapters = Readonly<Record<string, Choices>>;

/**
 * Keeps kernel choices in a file, which need not exist yet. If the file is damaged or belongs to another
 * program, `read` and `add` throw Deno.errors.InvalidData and leave it unchanged.
 */
export function tuningFile(path: string): TuningStore {
  return {
    location: path,
    async read(adapter) {
      return new Map(Object.entries((await readAdapters(path))[adapter] ?? {}));
    },
    async add(adapter, choices) {
      const adapters = await readAdapters(path); // read again, because another run may have added choices
      const merged = { ...adapters[adapter], ...Object.fromEntries(choices) };
      await writeAdapters(path, { ...adapters, [adapter]: merged });
    },
  };
}

async function readAdapters(path: string): Promise<Adapters> {
  const text = await readIfThere(path);
  if (text === null) return {};
  const adapters = adaptersIn(text);
  if (adapters !== null) return adapters;
  throw new Deno.errors.InvalidData(
    `Cannot keep kernels chosen by timing in ${path}: it is damaged or another program's file (expected JSON with ` +
      `kind "${KIND}"): name another file, or remove this one to time the kernels again`,
  );
}

function adaptersIn(text: string): Adapters | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || value.kind !== KIND || !isRecord(value.adapters)) return null;
  const adapters: Record<string, Choices> = {};
  for (const [adapter, choices] of Object.entries(value.adapters)) {
    if (!isChoices(choices)) return null;
    adapters[adapter] = choices;
  }
  return adapters;
}

function isChoices(value: unknown): value is Choices {
  return isRecord(value) && Object.values(value).every((name) => typeof name === "string");
}

async function writeAdapters(path: string, adapters: Adapters): Promise<void> {
  const text = `${JSON.stringify({ kind: KIND, adapters }, null, 2)}\n`;
  await writeWhole(path, text, { writer: `.${crypto.randomUUID()}` }); // several runs may share the file
}
