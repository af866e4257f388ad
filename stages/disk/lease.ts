/**
 * Leases: at most one process holds a lease, and says so again and again as long as it lives. A lease is for
 * folders that several machines share, where the system's locks (`lockFile`) may not reach from one to the
 * other. It needs no clocks that agree: a lease has ended if the file has not changed while the process that
 * waits for it, on its own clock, has watched it for `expiry`.
 *
 * A holder that is stopped for longer than that may wake up after another process has taken the lease. It
 * then finds a file that is not its own and is told so; what it writes until then are the bytes that the
 * other process writes too, as results depend on the inputs alone.
 *
 * @module
 */
import { disk } from "./disk.ts";
import { writeAllSync } from "./exact_io.ts";
import { fileError, isMissing } from "./file_error.ts";
import { isRecord } from "./json.ts";

/** A lease, renewed until it is disposed, which ends it. */
export interface HeldLease extends Disposable {
  /** Throws LeaseLostError if another process has taken the lease, or if its file is gone. */
  check(): void;
}

/** How a lease is held and waited for. */
export interface LeaseOptions {
  /** Says who holds the lease: "process 12 on host alpha". */
  readonly owner: string;
  /** Milliseconds between two renewals. Default: 15,000. */
  readonly renewal?: number;
  /** Milliseconds without a renewal after which another process takes the lease. Default: 60,000. */
  readonly expiry?: number;
  /**
   * Whether the holder that says this of itself is known to have ended, so that its lease need not be
   * watched. Default: no.
   */
  hasEnded?(owner: string): boolean;
  /** Called once when the lease is lost. Default: only `check` says so. */
  onLost?(error: LeaseLostError): void;
  /** Called before the wait for the lease of a process that may have ended. Default: nothing. */
  onWait?(wait: { readonly owner: string; readonly milliseconds: number }): void;
  /** Signal that ends the wait. */
  readonly signal?: AbortSignal;
}

/** The error that is thrown if another process renews the lease. */
export class LeaseHeldError extends Error {
  override readonly name = "LeaseHeldError";

  /** `owner` is what the holder says of itself. */
  constructor(readonly path: string, readonly owner: string) {
    super(`Cannot take ${path}: ${owner} holds it: wait for its end, or stop it`);
  }
}

/** The error of a process whose lease another process has taken. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";

  constructor(readonly path: string, readonly owner: string | null) {
    super(
      `Lost ${path}: ${
        owner === null ? "it was removed" : `${owner} has taken it, as this process did not renew it in time`
      }: the work goes on there: end this process`,
    );
  }
}

/** What the file says. A renewal has a greater count. */
interface Lease {
  /** Identifies the holder: random, as process numbers repeat on other machines. */
  readonly holder: string;
  readonly owner: string;
  readonly count: number;
}

/**
 * Takes the lease at `path`, whose folder must exist. If there is one already, watches it: throws
 * LeaseHeldError as soon as it is renewed, and takes it once it has not been renewed for `expiry`.
 */
export async function takeLease(path: string, options: LeaseOptions): Promise<HeldLease> {
  const { owner, expiry = 60_000, renewal = 15_000, onWait, signal } = options;
  const holder = crypto.randomUUID();
  for (;;) {
    if (create(path, { holder, owner, count: 0 })) return held(path, { holder, options });
    const first = read(path);
    if (first === null) continue; // ended between the two calls
    const hasEnded = options.hasEnded?.(first.owner) === true;
    if (!hasEnded) onWait?.({ owner: first.owner, milliseconds: expiry });
    const end = performance.now() + (hasEnded ? 0 : expiry); // a clock that nobody sets
    while (performance.now() < end) {
      await pause(Math.min(renewal / 4, Math.max(1, end - performance.now())), signal);
      const now = read(path);
      if (now === null) break;
      if (now.holder !== first.holder || now.count !== first.count) throw new LeaseHeldError(path, now.owner);
    }
    removeExpired(path, first);
  }
}

/** Creates the file unless it exists; returns whether it did. */
function create(path: string, lease: Lease): boolean {
  try {
    using file = disk.openSync(path, { write: true, createNew: true });
    writeAllSync(file, bytesOf(lease));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw fileError(error, { action: "write", path });
  }
}

/**
 * Removes a lease that has ended. Of several processes that watched it, one moves it aside. If it is another
 * lease by then, it is put back unless a third process has taken the place.
 */
function removeExpired(path: string, expired: Lease): void {
  const aside = `${path}.${crypto.randomUUID()}`;
  try {
    disk.renameSync(path, aside);
    const moved = read(aside);
    disk.removeSync(aside);
    if (moved !== null && (moved.holder !== expired.holder || moved.count !== expired.count)) {
      create(path, moved);
    }
  } catch (error) {
    if (!isMissing(error)) throw fileError(error, { action: "remove", path });
  }
}

/** Replaces the file. An error, such as a full disk, is left to the next renewal. */
function renew(path: string, lease: Lease): void {
  const temporary = `${path}.${lease.holder}`;
  try {
    {
      using file = disk.openSync(temporary, { write: true, create: true, truncate: true });
      writeAllSync(file, bytesOf(lease));
    }
    disk.renameSync(temporary, path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

function bytesOf(lease: Lease): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(lease)}\n`);
}

function held(
  path: string,
  { holder, options }: { readonly holder: string; readonly options: LeaseOptions },
): HeldLease {
  const { owner, renewal = 15_000, onLost } = options;
  let count = 0, lost: LeaseLostError | null = null;
  const find = (): LeaseLostError | null => {
    if (lost !== null) return lost;
    const now = read(path);
    if (now?.holder !== holder) lost = new LeaseLostError(path, now?.owner ?? null);
    return lost;
  };
  const timer = setInterval(() => {
    const error = find();
    if (error === null) renew(path, { holder, owner, count: ++count });
    else {
      clearInterval(timer);
      onLost?.(error);
    }
  }, renewal);
  Deno.unrefTimer(timer); // the lease lasts as long as the process has something to do
  return {
    check() {
      const error = find();
      if (error !== null) throw error;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      if (find() === null) disk.removeSync(path);
    },
  };
}

/** Returns the lease in a file; null if there is none. One that is no lease counts as one of nobody. */
function read(path: string): Lease | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw fileError(error, { action: "read", path });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isLease(value)) return value;
  } catch {
    // As below.
  }
  return { holder: "", owner: "another process", count: 0 };
}

function isLease(value: unknown): value is Lease {
  return isRecord(value) && typeof value.holder === "string" && typeof value.owner === "string" &&
    typeof value.count === "number";
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", end, { once: true });
  });
}
