/**
 * A run whose folder is in an object store: `--out s3://BUCKET/KEY`. The run works in a folder of this
 * machine, and what it writes is brought to the store after each checkpoint, while it goes on, and at its
 * end. If the store holds a newer state of the run than the working folder, it is fetched first: a run
 * resumes on another machine.
 *
 * @module
 */
import { exists } from "../../disk/whole_files.ts";
import type { RetryOptions } from "../../format/web/retry.ts";
import { listS3 } from "../../format/web/s3/list.ts";
import { claimFolder } from "../claim.ts";
import { UsageError } from "../usage_error.ts";
import { type Claim, claimRun, readManifest, StoreTakenError } from "./claim_store.ts";
import { gatherRun, pullRun } from "./pull.ts";
import {
  type FileMark,
  readStoreState,
  recordFolderOf,
  STORE_FILE,
  type StorePlace,
  unknownMark,
  writeStoreState,
} from "./store_files.ts";
import { storePlaceOf } from "./store_place.ts";
import { StoreThread } from "./store_thread.ts";

/** Which run is opened. */
export interface StoreRunOptions {
  /** The run's address, as it is typed. */
  readonly url: string;
  /** Name of the folder in `ranks/` of a process among several; null for a process that works alone. */
  readonly rank: string | null;
  /** Receives what a user should know. */
  note(text: string): void;
  /** Whether the run reads a file that other ranks have written; its path is relative to the run's folder. */
  reads(path: string): boolean;
  /** How requests are retried. Default: as for all sources. */
  readonly retry?: RetryOptions;
  /** Least number of milliseconds from one upload to the next. Default: a minute. */
  readonly pause?: number;
}

const PAUSE = 60_000;

/** A run in a store. */
export class StoreRun {
  readonly place: StorePlace;
  readonly #options: StoreRunOptions;
  readonly #thread = new StoreThread();
  #claim: Claim | null = null;
  #pushing: Promise<void> | null = null;
  #wanted = false;
  #next = 0; // time from which the next upload may begin
  #timer: ReturnType<typeof setTimeout> | null = null;
  #taken: StoreTakenError | null = null;

  constructor(options: StoreRunOptions) {
    this.#options = options;
    this.place = storePlaceOf(options.url, options.rank);
  }

  /**
   * Makes the working folder hold what the store holds, unless what it holds comes after it. `fresh`: a new
   * run is to begin. Throws UsageError if the store holds a run and a new one is to begin, or other objects
   * and no run.
   */
  async enter({ fresh }: { readonly fresh: boolean }): Promise<void> {
    const { place } = this, { retry = {}, note, rank } = this.#options, record = recordFolderOf(place);
    const now = await readManifest(place, retry), here = await readStoreState(record);
    if (now !== null && fresh) {
      throw new UsageError(
        `Cannot start a new run in ${place.url}: it holds a run: give another --out, or remove its objects`,
      );
    }
    if (now === null) await this.#requireEmpty();
    const id = here?.folder ?? crypto.randomUUID();
    if (now !== null && now.owner.folder !== here?.folder && now.files.length > 0) {
      // Throws if a process of this machine runs in the working folder.
      if (await exists(place.folder)) (await claimFolder(place.folder))[Symbol.dispose]();
      note(`Fetching ${now.files.length} files of the run in ${place.url}`);
      const moved = await pullRun(place, now.files, { id: crypto.randomUUID(), retry });
      if (moved !== null) note(`The earlier working folder ${place.folder} was moved to ${moved}`);
      return;
    }
    const hasCheckpoint = now?.files.some((path) => path.startsWith(`${place.within}checkpoints/`)) === true;
    if (rank !== null && !hasCheckpoint) {
      await gatherRun(place, { id, retry, reads: (path) => this.#options.reads(path) });
    }
  }

  /** Whether this process has claimed the run. */
  get isClaimed(): boolean {
    return this.#claim !== null;
  }

  /** Claims the run in the store for this process. Throws StoreTakenError if another does so meanwhile. */
  async claim(): Promise<void> {
    const { place } = this, { retry = {}, note } = this.#options, record = recordFolderOf(place);
    const now = await readManifest(place, retry), here = await readStoreState(record);
    const files = new Map<string, FileMark>();
    // Checkpoints that a killed process has left are uploaded again or removed, as all of which no mark is
    // known.
    for await (const { uri } of listS3(`${place.url}/${place.within}checkpoints/`, retry)) {
      files.set(uri.slice(place.url.length + 1), unknownMark);
    }
    // Without a manifest, nothing that was uploaded can be relied on, but what has just been gathered.
    for (const [path, mark] of Object.entries(here?.files ?? {})) {
      if (now !== null || mark.etag !== undefined) files.set(path, mark);
    }
    const state = { folder: here?.folder ?? crypto.randomUUID(), files: Object.fromEntries(files) };
    await writeStoreState(record, state);
    const { state: permission } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
    const owner = {
      process: crypto.randomUUID(),
      folder: state.folder,
      pid: Deno.pid,
      host: permission === "granted" ? Deno.hostname() : "",
      since: new Date().toISOString(),
    };
    this.#claim = await claimRun(place, { owner, now, retry });
    if (this.#claim.checked) return;
    note(
      `The store does not check conditions of writes (If-Match): if another process writes the run in ` +
        `${place.url} at the same moment, one of them ends only at its next save`,
    );
  }

  /**
   * Called after each checkpoint: has it uploaded soon, while the run goes on. Throws StoreTakenError once
   * another process has claimed the run.
   */
  saved(): void {
    if (this.#taken !== null) throw this.#taken;
    this.#wanted = true;
    if (this.#pushing !== null || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#pushing = this.#push().finally(() => {
        this.#pushing = null;
        if (this.#wanted && this.#taken === null) this.saved();
      });
    }, Math.max(0, this.#next - performance.now()));
    Deno.unrefTimer(this.#timer);
  }

  /** Uploads in the background; a failure is noted, and the next upload tries again. */
  async #push(): Promise<void> {
    const began = performance.now();
    this.#wanted = false;
    try {
      await this.#send();
    } catch (error) {
      if (error instanceof StoreTakenError) this.#taken = error;
      const message = error instanceof Error ? error.message : `${error}`;
      this.#options.note(`The checkpoint was not brought to ${this.place.url}: ${message}`);
    }
    const took = performance.now() - began;
    this.#next = performance.now() + Math.max(this.#options.pause ?? PAUSE, took);
  }

  async #send(): Promise<void> {
    if (this.#claim === null) throw new TypeError("The run has not been claimed");
    const { retry = {} } = this.#options;
    this.#claim = await this.#thread.push(this.place, this.#claim, retry);
  }

  /** Uploads the end of the run. Throws the errors of `pushRun`. */
  async finish(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted = false;
    await this.#pushing;
    if (this.#taken !== null) throw this.#taken;
    await this.#send();
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#thread.close();
  }

  /** Throws UsageError if there are objects at the run's address, though no run. */
  async #requireEmpty(): Promise<void> {
    const { place: { url, within } } = this, { retry = {} } = this.#options;
    const [first] = await Array.fromAsync(listS3(`${url}/`, { ...retry, limit: 1 }));
    if (first === undefined) return;
    const single = within === "" ? null : await readManifest({ ...this.place, within: "" }, retry);
    if (within !== "" && single === null) return; // of other ranks
    throw new UsageError(
      `Cannot start a run in ${url}: it holds ${
        single === null
          ? `other objects, such as ${first.uri}, and no run (no ${STORE_FILE})`
          : "the run of one process"
      }: give another --out`,
    );
  }
}
