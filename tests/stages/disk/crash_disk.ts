/**
 * A disk that loses its power at a given call, as SQLite's tests simulate it. Until then it works on a real
 * folder and remembers what has been synced. Afterwards the folder is put into a state that a power cut may
 * leave.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { type Disk, disk } from "../../../stages/disk/disk.ts";

type File = { readonly kind: "file"; durable: Uint8Array<ArrayBuffer> | null; removed?: true };
/** `live` are the entries as programs see them, `durable` those of the folder's last sync. */
type Folder = {
  readonly kind: "folder";
  live: Map<string, Entry>;
  durable: Map<string, Entry>;
  removed?: true;
};
type Entry = File | Folder;

/**
 * What a power cut leaves of what was not synced: nothing; only that files were removed; names without their
 * data, or with half of it; everything, as when only the process was killed.
 */
export const losses = [
  "all lost",
  "removals only",
  "names without data",
  "half of the data",
  "nothing lost",
] as const;

/** One of `losses`. */
export type Loss = typeof losses[number];

/** The error of all calls after the power cut. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

const real: Disk = { ...disk };

/** Replaces the calls of `disk` in a folder, which must exist and be empty, until it is disposed of. */
export class CrashDisk implements Disposable {
  /** Number of writes, syncs, renames and other changes so far. */
  calls = 0;
  readonly #root: string;
  readonly #at: number;
  readonly #tree: Folder = folder();

  /** `at` is the number of the call at which the power is cut. */
  constructor(root: string, at = Infinity) {
    this.#root = root;
    this.#at = at;
    Object.assign(disk, this.#calls());
  }

  [Symbol.dispose](): void {
    Object.assign(disk, real);
  }

  /** Whether the power was cut. */
  get cut(): boolean {
    return this.calls >= this.#at;
  }

  /** Puts the folder into a state that the power cut may leave. */
  lose(loss: Loss): void {
    const content = new Map<Entry, Uint8Array<ArrayBuffer>>();
    this.#read(this.#tree, { path: this.#root, into: content });
    for (const { name } of Deno.readDirSync(this.#root)) {
      Deno.removeSync(`${this.#root}/${name}`, { recursive: true });
    }
    write(this.#tree, { path: this.#root, loss, content });
  }

  #calls(): Disk {
    const openSync = (path: string | URL, options: Deno.OpenOptions = { read: true }): Deno.FsFile => {
      const place = String(path),
        changes = options.write || options.append || options.create || options.truncate;
      const before = this.#entry(place);
      if (changes && (before === null || options.truncate)) this.#count();
      const file = real.openSync(path, options);
      if (before === null && options.create) {
        this.#parent(place)?.live.set(basename(place), { kind: "file", durable: null });
      }
      return this.#watched(file, { path: place, entry: this.#entry(place) });
    };
    const renameSync = (from: string, to: string): void => {
      this.#count();
      real.renameSync(from, to);
      const entry = this.#entry(from);
      this.#parent(from)?.live.delete(basename(from));
      if (entry !== null) this.#parent(to)?.live.set(basename(to), entry);
    };
    const removeSync = (path: string, options?: Deno.RemoveOptions): void => {
      const entry = this.#entry(path);
      if (entry !== null) this.#count();
      if (entry !== null) entry.removed = true;
      real.removeSync(path, options);
      this.#parent(path)?.live.delete(basename(path));
    };
    const mkdirSync = (path: string, options?: Deno.MkdirOptions): void => {
      if (this.#entry(path) === null) this.#count();
      real.mkdirSync(path, options);
      this.#makeFolders(path);
    };
    return {
      openSync,
      renameSync,
      removeSync,
      mkdirSync,
      open: async (path, options) => await Promise.resolve(openSync(path, options)),
      rename: async (from, to) => await Promise.resolve(renameSync(from, to)),
      remove: async (path, options) => await Promise.resolve(removeSync(path, options)),
      mkdir: async (path, options) => await Promise.resolve(mkdirSync(path, options)),
    };
  }

  /** A file or folder whose writes and syncs are counted. */
  #watched(
    file: Deno.FsFile,
    { path, entry }: { readonly path: string; readonly entry: Entry | null },
  ): Deno.FsFile {
    const writeSync = (bytes: Uint8Array): number => {
      if (this.calls + 1 >= this.#at && !this.cut) file.writeSync(bytes.subarray(0, bytes.length >> 1));
      this.#count();
      return file.writeSync(bytes);
    };
    const syncSync = (): void => {
      this.#count();
      if (entry?.kind === "folder") entry.durable = new Map(entry.live);
      if (entry?.kind === "file") entry.durable = Deno.readFileSync(this.#pathOf(entry) ?? path);
    };
    const truncateSync = (length?: number): void => {
      this.#count();
      file.truncateSync(length);
    };
    const changed: Record<string | symbol, unknown> = {
      writeSync,
      syncSync,
      truncateSync,
      syncDataSync: syncSync,
      write: async (bytes: Uint8Array) => await Promise.resolve(writeSync(bytes)),
      sync: async () => await Promise.resolve(syncSync()),
      syncData: async () => await Promise.resolve(syncSync()),
      truncate: async (length?: number) => await Promise.resolve(truncateSync(length)),
    };
    return new Proxy(file, {
      get(target, key) {
        const value = changed[key] ?? Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #count(): void {
    this.calls++;
    if (this.cut) throw new PowerCut(`the power was cut at call ${this.#at}`);
  }

  #entry(path: string): Entry | null {
    if (path === this.#root) return this.#tree;
    if (!path.startsWith(`${this.#root}/`)) return null;
    let at: Entry | undefined = this.#tree;
    for (const name of path.slice(this.#root.length + 1).split("/")) {
      at = at?.kind === "folder" ? at.live.get(name) : undefined;
    }
    return at ?? null;
  }

  #parent(path: string): Folder | null {
    const entry = this.#entry(dirname(path));
    return entry?.kind === "folder" ? entry : null;
  }

  #makeFolders(path: string): void {
    if (this.#entry(path) !== null || !path.startsWith(this.#root)) return;
    this.#makeFolders(dirname(path));
    this.#parent(path)?.live.set(basename(path), folder());
  }

  /** The path of a file, which may have been renamed while it was open; null if it was removed. */
  #pathOf(wanted: Entry, at: Folder = this.#tree, path = this.#root): string | null {
    for (const [name, entry] of at.live) {
      if (entry === wanted) return `${path}/${name}`;
      const found = entry.kind === "folder" ? this.#pathOf(wanted, entry, `${path}/${name}`) : null;
      if (found !== null) return found;
    }
    return null;
  }

  #read(
    entry: Entry,
    { path, into }: { readonly path: string; readonly into: Map<Entry, Uint8Array<ArrayBuffer>> },
  ): void {
    if (entry.kind === "file") return void into.set(entry, Deno.readFileSync(path));
    for (const [name, inside] of entry.live) this.#read(inside, { path: `${path}/${name}`, into });
  }
}

function folder(): Folder {
  return { kind: "folder", live: new Map(), durable: new Map() };
}

function write(
  entry: Entry,
  { path, loss, content }: {
    readonly path: string;
    readonly loss: Loss;
    readonly content: ReadonlyMap<Entry, Uint8Array<ArrayBuffer>>;
  },
): void {
  if (entry.kind === "file") {
    const synced = entry.durable ?? new Uint8Array(0), live = content.get(entry) ?? synced;
    const grown = startsWith(live, synced) ? live.subarray(0, (synced.length + live.length) >> 1) : synced;
    Deno.writeFileSync(path, loss === "nothing lost" ? live : loss === "half of the data" ? grown : synced);
    return;
  }
  Deno.mkdirSync(path, { recursive: true });
  for (const [name, inside] of entriesAfter(entry, loss)) {
    write(inside, { path: `${path}/${name}`, loss, content });
  }
}

/** The entries of a folder after a power cut. */
function entriesAfter({ live, durable }: Folder, loss: Loss): Iterable<readonly [string, Entry]> {
  if (loss === "all lost") return durable;
  if (loss !== "removals only") return live;
  return [...durable].filter(([, { removed = false }]) => !removed);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.length <= bytes.length && start.every((byte, i) => byte === bytes[i]);
}

/** Leaves out all syncs, which are slow, until it is disposed of. */
export function withoutSyncs(): Disposable {
  const plain = (file: Deno.FsFile): Deno.FsFile => {
    file.syncSync = file.syncDataSync = () => {};
    file.sync = file.syncData = () => Promise.resolve();
    return file;
  };
  disk.openSync = (path, options) => plain(real.openSync(path, options));
  disk.open = async (path, options) => plain(await real.open(path, options));
  return { [Symbol.dispose]: () => void Object.assign(disk, real) };
}
