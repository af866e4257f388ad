/**
 * Which objects of a store are read of what an option names there.
 *
 * @module
 */
import { posix } from "node:path";
import picomatch from "picomatch";
import type { RetryOptions } from "../../../format/web/retry.ts";
import { listS3, type S3Object } from "../../../format/web/s3/list.ts";
import { getS3 } from "../../../format/web/s3/objects.ts";
import { s3PlaceOf, s3UriOf } from "../../../format/web/s3/s3_uri.ts";
import { withoutEndSlash } from "../../../disk/paths.ts";

const { basename, dirname } = posix;

/**
 * What an address names, and so what is read of it and beside it:
 *
 * - `files`: a file, or all files of a folder;
 * - `tokenizer`: a tokenizer's file or folder;
 * - `model`: a model's file or folder, a checkpoint, or a run, whose newest checkpoint is read; with its
 *   tokenizer, and without the optimizer's state;
 * - `evaluated`: a model, with the validation shards of its run;
 * - `shards`: a glob of token shards, with their tokenizer;
 * - `described`: of a glob of token shards, which are read from the store by ranges, the tokenizer and what
 *   else describes them;
 * - `record`: a run without its checkpoints and data.
 */
export type StoredInput = "files" | "tokenizer" | "model" | "evaluated" | "shards" | "described" | "record";

/** Objects of a store. */
export interface InputObjects {
  /** Those that are read. */
  readonly chosen: readonly S3Object[];
  /** Prefixes that were listed in full, as addresses. */
  readonly prefixes: readonly string[];
  /** Addresses of all objects below these prefixes. */
  readonly listed: ReadonlySet<string>;
}

/**
 * Returns the objects that are read of what `address` names. Throws RangeError for an address without a key,
 * Deno.errors.NotFound if nothing is there, and the errors of `listS3`.
 */
export async function inputObjects(
  address: string,
  { kind, retry }: { readonly kind: StoredInput; readonly retry: RetryOptions },
): Promise<InputObjects> {
  const { bucket, key } = s3PlaceOf(address), objects = new Objects(bucket, retry);
  const place = withoutEndSlash(key);
  if (place === "") {
    throw new RangeError(
      `Cannot read ${address}: it is a whole bucket: expected s3://${bucket}/KEY of a file or folder`,
    );
  }
  if (kind === "shards" || kind === "described") await chooseShards(objects, place, kind);
  else if (kind === "model" || kind === "evaluated") await chooseModel(objects, place, kind);
  else if (!await objects.chooseOne(place)) {
    const wanted = kind === "files" ? isShown : kind === "tokenizer" ? isSmallChild : isRecord;
    await objects.chooseIn(`${place}/`, wanted);
  } else if (kind === "tokenizer") await objects.chooseIn(`${dirname(place)}/`, isSmallChild);
  if (objects.chosen.size === 0 && !objects.anyShard) {
    throw new Deno.errors.NotFound(
      `Cannot read ${address}: ${
        kind === "shards" || kind === "described"
          ? "no object matches it"
          : "there is neither an object of this key nor such a folder"
      }: check the address`,
    );
  }
  return { chosen: [...objects.chosen.values()], prefixes: objects.prefixes, listed: objects.listed };
}

const small = /\.(json|txt|jinja|model|vocab|tiktoken|pkl)$/;
const isShown = (path: string): boolean => !/(^|\/)\./.test(path);
const isSmallChild = (path: string): boolean => small.test(path) && !path.includes("/");
const isRecord = (path: string): boolean =>
  isShown(path) && !/(^|\/)(checkpoints|shards|documents|removed|ranks)\//.test(path);
const isModelFile = (path: string): boolean =>
  (small.test(path) || /\.safetensors$|(^|\/)(latest|best)$/.test(path)) && isRecordOrModel(path);
const isRecordOrModel = (path: string): boolean =>
  !/(^|\/)(optimizer[^/]*\.safetensors$|(shards|documents|removed|ranks|data|samples)\/)/.test(path);

/** Objects of a bucket that have been found and chosen. */
class Objects {
  readonly chosen = new Map<string, S3Object>();
  readonly listed = new Set<string>();
  readonly prefixes: string[] = [];
  /** Whether there are token shards, which are not chosen themselves. */
  anyShard = false;
  readonly #bucket: string;
  readonly #retry: RetryOptions;

  constructor(bucket: string, retry: RetryOptions) {
    this.#bucket = bucket;
    this.#retry = retry;
  }

  /** Chooses the object of this key; returns whether there is one. */
  async chooseOne(key: string): Promise<boolean> {
    // Keys are listed by their bytes, so of those that begin with this one, it is the first itself.
    const uri = this.#uri(key);
    const [first] = await Array.fromAsync(listS3(uri, { ...this.#retry, limit: 1 }));
    if (first?.uri !== uri) return false;
    this.chosen.set(key, first);
    return true;
  }

  /** Chooses objects whose keys begin with `prefix` by the rest of their keys. Returns their keys. */
  async chooseIn(prefix: string, wanted: (rest: string) => boolean): Promise<readonly string[]> {
    const keys: string[] = [], root = this.#uri("").length;
    for await (const object of listS3(this.#uri(prefix), this.#retry)) {
      this.listed.add(object.uri);
      const key = object.uri.slice(root);
      if (key.endsWith("/") || !wanted(key.slice(prefix.length))) continue; // a store's mark of a folder
      s3PlaceOf(object.uri); // throws for a key that would lead out of the folder of copies
      this.chosen.set(key, object);
      keys.push(key);
    }
    this.prefixes.push(this.#uri(prefix));
    return keys;
  }

  /** The checkpoint that a pointer names, such as "step-000200"; null if there is none. */
  async nameIn(key: string): Promise<string | null> {
    const name = (await getS3(this.#uri(key), this.#retry))?.text.trim() ?? "";
    return /^[\w.-]+$/.test(name) ? name : null;
  }

  #uri(key: string): string {
    return s3UriOf({ bucket: this.#bucket, key });
  }
}

async function chooseModel(objects: Objects, place: string, kind: StoredInput): Promise<void> {
  if (await objects.chooseOne(place)) {
    const pointed = /(^|\/)(best|latest)$/.test(place) ? await objects.nameIn(place) : null;
    if (pointed !== null) await objects.chooseIn(`${dirname(place)}/${pointed}/`, isModelFile);
    else if (place.endsWith(".bin")) await objects.chooseOne(beside(place, "tokenizer.bin")); // llama2.c's
  } else {
    const keys = await objects.chooseIn(`${place}/`, isModelFile);
    // Of a run's checkpoints, only the newest is read.
    for (const key of keys.filter((key) => basename(key) === "latest")) {
      const folder = `${dirname(key)}/`, name = await objects.nameIn(key);
      const others = keys.filter((other) =>
        other.startsWith(folder) && other.slice(folder.length).includes("/") &&
        !other.startsWith(`${folder}${name}/`)
      );
      for (const other of others) objects.chosen.delete(other);
    }
  }
  // The tokenizer and the shards of a run lie beside its checkpoints, and in its own folder.
  for (const folder of new Set([`${place}/`, `${dirname(place)}/`, `${dirname(dirname(place))}/`])) {
    if (folder === "./") continue;
    if (folder !== `${place}/`) await objects.chooseIn(`${folder}tokenizer/`, isSmallChild);
    if (kind !== "evaluated") continue;
    await objects.chooseIn(`${folder}shards/val_`, (rest) => /^\d+\.bin$/.test(rest));
    await objects.chooseOne(`${folder}shards/shards.json`);
  }
}

async function chooseShards(
  objects: Objects,
  glob: string,
  kind: "shards" | "described",
): Promise<void> {
  const folder = beside(glob, ""), firstSign = glob.search(/[*?[{]/);
  const isOne = await objects.chooseOne(glob); // its name may contain glob characters
  if (!isOne && firstSign < 0) return;
  if (isOne && kind === "described") objects.chosen.clear();
  const matches = isOne ? (key: string) => key === glob : picomatch(glob);
  const prefix = isOne ? glob.replace(/\.[^./]*$/, ".") : glob.slice(0, firstSign);
  const found = await objects.chooseIn(prefix, (rest) => {
    const key = `${prefix}${rest}`;
    if (!matches(describedBy(key))) return false;
    objects.anyShard ||= describedBy(key) === key;
    // The index of documents is for messages alone, and takes a thirtieth of the shard.
    return kind === "shards" || describedBy(key) !== key && !key.endsWith(".documents.jsonl");
  });
  if (found.length === 0 && !objects.anyShard) return;
  await objects.chooseOne(`${folder}shards.json`);
  for (const each of new Set([folder, beside(folder.slice(0, -1), "")])) {
    await objects.chooseIn(`${each}tokenizer/`, isSmallChild);
  }
}

/** The shard that a file describes, such as Megatron's index of it; the key itself for other files. */
function describedBy(key: string): string {
  return key.replace(/\.(idx|documents\.jsonl)$/, ".bin").replace(/\.ds\.(index|metadata)$/, ".ds");
}

/** The key of a file in the folder of another key; `name` empty: the folder, with a slash unless empty. */
function beside(key: string, name: string): string {
  return `${key.slice(0, key.lastIndexOf("/") + 1)}${name}`;
}
