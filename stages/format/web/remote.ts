/**
 * Files behind http and https URLs as chunks of bytes: read by ranges, gone on with where a connection broke.
 *
 * A failure is tried again after a pause that doubles, or as long as the server asks for; failures in a row
 * are counted from the last byte that came. A file that changes meanwhile is an error: bytes of two versions
 * never mix. Source: RFC 9110 (ranges, Retry-After, ETag).
 *
 * @module
 */

/** A file that a server has. */
export interface RemoteFile {
  /** Where it is. */
  readonly url: string;
  /** In bytes; null where the server does not say. */
  readonly size: number | null;
  /** Its version, where the server names one: what an ETag or Last-Modified says. */
  readonly version: string | null;
}

/** How patient to be. */
export interface RetryOptions {
  /** Failures in a row that are too many (default 6). */
  readonly tries?: number;
  /** Milliseconds before the second try; each pause is twice the one before (default 500). */
  readonly firstPause?: number;
  /** Milliseconds without a byte that count as a failure (default 30,000). */
  readonly idle?: number;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** A stretch of a file, in bytes. */
export interface RemoteReadOptions {
  /** First byte (default 0). */
  readonly start?: number;
  /** Byte after the last (default the file's end). */
  readonly end?: number;
}

const longestPause = 300_000; // milliseconds: whoever asks for more is not to be waited for
const passing = new Set([408, 425, 429, 500, 502, 503, 504]); // statuses that may be gone at the next try

/** Whether a path is a URL that this module reads. */
export function isRemote(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/**
 * Asks for a file's size and version. Throws Deno.errors.NotFound where it is not there, PermissionDenied
 * where the server wants to know who asks, Deno.errors.Http for another refusal, ConnectionReset after too
 * many failures.
 */
export function findRemote(url: string, options: RetryOptions = {}): Promise<RemoteFile> {
  return patiently(url, options, async (patience) => {
    const response = await ask(url, { first: 0, last: 0, patience });
    await response.body?.cancel();
    const total = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
    const length = response.status === 200 ? response.headers.get("content-length") : null;
    const size = total ?? length;
    return { url, size: size === null ? null : Number(size), version: versionOf(response) };
  });
}

/**
 * fetch() for a library that asks a server: tries again after failures that may be gone then, as `readRemote`
 * does, and gives any other answer. Throws Deno.errors.ConnectionReset after too many.
 */
export function patientFetch(options: RetryOptions = {}): typeof fetch {
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return patiently(url, options, async (patience) => {
      const response = await patience.fetch((signal) => fetch(input, { ...init, signal }));
      if (passing.has(response.status)) throw await refusal(url, response);
      return response;
    });
  };
}

/** `work`, until it succeeds or patience ends. */
async function patiently<T>(
  url: string,
  options: RetryOptions,
  work: (patience: Patience) => Promise<T>,
): Promise<T> {
  const patience = new Patience(url, options);
  for (;;) {
    try {
      return await work(patience);
    } catch (error) {
      await patience.after(error);
    }
  }
}

/**
 * A file's bytes. Throws what `findRemote` throws, and Deno.errors.InvalidData if the file has become
 * another.
 */
export async function* readRemote(
  file: RemoteFile,
  { start = 0, end = file.size ?? Infinity, ...options }: RemoteReadOptions & RetryOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const patience = new Patience(file.url, options);
  for (let at = start; at < end;) {
    try {
      const last = end === Infinity ? null : end - 1;
      const response = await ask(file.url, { first: at, last, patience });
      checkVersion(file, response);
      let skip = response.status === 206 ? 0 : at; // 200: a server that knows no ranges begins at the start
      for await (const chunk of patience.chunks(response)) {
        const bytes = new Uint8Array(chunk.subarray(Math.min(skip, chunk.length)));
        skip -= chunk.length - bytes.length;
        const wanted = bytes.subarray(0, Math.min(bytes.length, end - at));
        if (wanted.length === 0) continue;
        at += wanted.length;
        patience.progress(at);
        yield wanted;
        if (at === end) return;
      }
      if (end === Infinity) return; // the server says the body is whole, and nobody knows better
      throw new Broken(`the connection closed at byte ${at}`);
    } catch (error) {
      await patience.after(error);
    }
  }
}

/** A failure that may be gone at the next try. */
class Broken extends Error {
  constructor(message: string, readonly pause: number | null = null) {
    super(message);
  }
}

/** Counts failures in a row and waits between them; a wait for the server has a limit. */
class Patience {
  readonly #url: string;
  readonly #tries: number;
  readonly #firstPause: number;
  readonly #idle: number;
  readonly #signal: AbortSignal | undefined;
  #at = 0; // where reading stands, for errors
  #failures = 0;

  constructor(url: string, { tries = 6, firstPause = 500, idle = 30_000, signal }: RetryOptions) {
    this.#url = url;
    this.#tries = tries;
    this.#firstPause = firstPause;
    this.#idle = idle;
    this.#signal = signal;
  }

  /** Bytes up to `at` have come. */
  progress(at: number): void {
    this.#at = at;
    this.#failures = 0;
  }

  /** The answer to a request. Throws Deno.errors.NotCapable, with the mend, without permission. */
  async fetch(request: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
    try {
      return await this.#soon(request);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
      throw new Deno.errors.NotCapable(
        `Cannot read ${this.#url}: this command may not use the network: run it with --allow-net`,
        { cause },
      );
    }
  }

  /** A body's chunks. Time counts only while one is waited for: who reads may be slow. */
  async *chunks({ body }: Response): AsyncGenerator<Uint8Array> {
    if (body === null) return;
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await this.#soon(() => reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      reader.cancel().catch(() => {}); // broken already, or nobody wants the rest
    }
  }

  async #soon<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stalled = new AbortController();
    const timer = setTimeout(() => stalled.abort(), this.#idle);
    const signals = this.#signal === undefined ? [stalled.signal] : [stalled.signal, this.#signal];
    const signal = AbortSignal.any(signals);
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const end = (): void =>
      reject(stalled.signal.aborted ? new Broken(`no byte came for ${this.#idle} ms`) : signal.reason);
    signal.addEventListener("abort", end, { once: true });
    try {
      return await Promise.race([work(signal), ended]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  }

  /** Waits if `error` is worth another try, else throws. */
  async after(error: unknown): Promise<void> {
    this.#signal?.throwIfAborted();
    if (!isPassing(error)) throw error;
    this.#failures++;
    const why = error instanceof Error ? error.message : String(error);
    if (this.#failures >= this.#tries) {
      throw new Deno.errors.ConnectionReset(
        `Cannot read ${this.#url}: ${this.#failures} tries in a row failed at byte ${this.#at}, the last with: ${why}: ` +
          "check the network, then type the command again: it goes on from the last checkpoint",
        { cause: error },
      );
    }
    const asked = error instanceof Broken ? error.pause : null;
    await pause(Math.min(longestPause, asked ?? this.#firstPause * 2 ** (this.#failures - 1)), this.#signal);
  }
}

/**
 * fetch() tells of broken connections and unknown hosts by TypeError; permissions and refusals have their
 * own.
 */
function isPassing(error: unknown): boolean {
  return error instanceof Broken || error instanceof TypeError;
}

/** One request for bytes `first` to `last`. */
async function ask(
  url: string,
  { first, last, patience }: {
    readonly first: number;
    readonly last: number | null;
    readonly patience: Patience;
  },
): Promise<Response> {
  if (!URL.canParse(url)) throw new RangeError(`Cannot read ${url}: it is no URL: check it`);
  // Packed on the way, bytes could not be counted.
  const headers = { range: `bytes=${first}-${last ?? ""}`, "accept-encoding": "identity" };
  const response = await patience.fetch((signal) => fetch(url, { headers, signal }));
  if (response.status === 206 || response.status === 200) return response;
  throw await refusal(url, response);
}

async function refusal(url: string, { status, statusText, headers, body }: Response): Promise<Error> {
  await body?.cancel();
  const said = `${status}${statusText === "" ? "" : ` ${statusText}`}`;
  if (passing.has(status)) {
    return new Broken(`the server answered ${said}`, pauseAsked(headers.get("retry-after")));
  }
  switch (status) {
    case 401:
    case 403:
      return new Deno.errors.PermissionDenied(
        `Cannot read ${url}: the server answered ${said}: download the file with your account and pass its path`,
      );
    case 404:
    case 410:
      return new Deno.errors.NotFound(`Cannot read ${url}: the server answered ${said}: check the address`);
    case 416:
      return new Deno.errors.InvalidData(
        `Cannot read ${url}: it is empty, or shorter than it was: check the address`,
      );
    default:
      return new Deno.errors.Http(`Cannot read ${url}: the server answered ${said}: check the address`);
  }
}

/** Seconds, or a date, as milliseconds from now. */
function pauseAsked(value: string | null): number | null {
  if (value === null) return null;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? 1000 * seconds : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

function versionOf(response: Response): string | null {
  return response.headers.get("etag") ?? response.headers.get("last-modified");
}

function checkVersion({ url, version }: RemoteFile, response: Response): void {
  const now = versionOf(response);
  if (version === null || now === null || now === version) return;
  throw new Deno.errors.InvalidData(
    `Cannot go on reading ${url}: it is now ${now}, it was ${version} when reading began: start again with --resume never`,
  );
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", stop);
    resolve();
  }, milliseconds);
  signal?.addEventListener("abort", stop, { once: true });
  return promise;
}
