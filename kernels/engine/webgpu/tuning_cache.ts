/**
 * The file in which kernels that were chosen by timing are kept: JSON, choices by adapter, then by call.
 *
 * @module
 */

/** Its first line of defence against being another program's file. */
const KIND = "kernels chosen by timing, 1";

type Choices = Readonly<Record<string, string>>;
type Adapters = Readonly<Record<string, Choices>>;

/** One adapter's part of a file. */
export class TuningCache {
  readonly #path: string;
  readonly #adapter: string;
  #choices: ReadonlyMap<string, string>;

  private constructor(path: string, adapter: string, choices: Choices) {
    this.#path = path;
    this.#adapter = adapter;
    this.#choices = new Map(Object.entries(choices));
  }

  /**
   * Reads the file if it is there. Throws Deno.errors.InvalidData if it is something else, or damaged: it is not written
   * over then.
   */
  static async open(path: string, adapter: string): Promise<TuningCache> {
    return new TuningCache(path, adapter, (await readAdapters(path))[adapter] ?? {});
  }

  /** `callKey()` → variant, for this adapter. */
  get choices(): ReadonlyMap<string, string> {
    return this.#choices;
  }

  /** Adds choices; writes the file, whole or not at all, if that changes it. Other adapters' parts stay as they are. */
  async add(choices: ReadonlyMap<string, string>): Promise<void> {
    if ([...choices].every(([key, name]) => this.#choices.get(key) === name)) return;
    const adapters = await readAdapters(this.#path); // another run may have written meanwhile
    const own = { ...adapters[this.#adapter], ...Object.fromEntries([...this.#choices, ...choices]) };
    await writeWhole(this.#path, { kind: KIND, adapters: { ...adapters, [this.#adapter]: own } });
    this.#choices = new Map(Object.entries(own));
  }
}

async function readAdapters(path: string): Promise<Adapters> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
  const adapters = adaptersIn(text);
  if (adapters !== null) return adapters;
  throw new Deno.errors.InvalidData(
    `Cannot keep kernels chosen by timing in ${path}: it is another file, or damaged (wanted JSON with kind ` +
      `"${KIND}"): name another file, or remove it and they are timed again`,
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isChoices(value: unknown): value is Choices {
  return isRecord(value) && Object.values(value).every((name) => typeof name === "string");
}

async function writeWhole(path: string, value: unknown): Promise<void> {
  const half = `${path}.${crypto.randomUUID()}.part`; // beside it: a file is renamed within one disk only
  try {
    await Deno.writeTextFile(half, JSON.stringify(value, null, 2) + "\n");
    await Deno.rename(half, path);
  } catch (error) {
    await Deno.remove(half).catch(() => {});
    throw new Error(`Cannot keep kernels chosen by timing in ${path}: is its folder there, and writable`, {
      cause: error,
    });
  }
}
