/**
 * An object store for tests: moto, a server in Python that follows the API of Amazon S3, conditional writes
 * and multipart uploads included. It is installed from PyPI into a folder of its own. In front of it stands a
 * proxy that fails on request.
 *
 * Where it is not installed, tests of object stores are ignored and their names say why: the project's tests
 * need no Python. `deno run --allow-all tests/object_store.ts` installs it; the tests of the set
 * `cluster` do so themselves.
 *
 * @module
 */
import { TextLineStream } from "../stages/flow/std.ts";
import { fetchS3 } from "../stages/format/web/s3/s3_request.ts";
import { type S3Settings, useS3Settings } from "../stages/format/web/s3/settings.ts";
import { installFromPypi, pypiFolder } from "./pypi.ts";

/** Pinned, with the two packages that its server needs besides. */
const packages = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"];
const environment = "moto-5.2.5";
const python = `${pypiFolder(environment)}/bin/python`;

/** Name of the bucket that every store of the tests has. */
export const BUCKET = "corpus";

/** A failure that replaces the answer to one request. */
export type StoreFault =
  | { readonly status: number; readonly code?: string; readonly headers?: Readonly<Record<string, string>> }
  /** The request is not passed on, and the connection breaks. */
  | "reset"
  /** The store does what it is asked, and the connection breaks before its answer. */
  | "lost answer"
  /** The connection breaks after this many bytes of the answer. */
  | { readonly cutAfter: number }
  /** No byte follows this many bytes of the answer. */
  | { readonly stallAfter: number }
  /** The answer waits for this many milliseconds. */
  | { readonly delay: number };

/** A running store behind its proxy. */
export interface TestStore extends AsyncDisposable {
  /** Address of the proxy: "http://127.0.0.1:PORT". */
  readonly origin: string;
  /** Method, path and query of each request, in order. */
  readonly requests: string[];
  /** Failures of the next requests, in order; null for none. */
  readonly faults: (StoreFault | null)[];
  /** Called with each request before it is passed on; a failure that it returns happens. */
  onRequest: ((method: string, path: string) => StoreFault | null) | null;
  /** Called with each request; the answer that it returns replaces the store's. */
  answer: (() => Response) | null;
  /** Number of keys that a page of a list has at most; null for as many as are asked for. */
  pageSize: number | null;
  /** Headers that are not passed on, as if the store did not know them. */
  readonly ignoredHeaders: Set<string>;
  /** Environment variables for a program that uses the store. */
  readonly env: Readonly<Record<string, string>>;
}

const keys = {
  accessKeyId: "TESTKEYIDTESTKEYID00",
  secretAccessKey: "test/secret+which/must/never/be/printed",
};

/** Registers a test that gets a store; it is also the store that this process uses. */
export function storeTest(name: string, run: (store: TestStore) => Promise<void>): void {
  if (!isInstalled()) {
    const how = "deno run --allow-all tests/object_store.ts installs it";
    Deno.test({ name: `${name} (ignored: moto is not installed: ${how})`, ignore: true, fn: () => {} });
    return;
  }
  Deno.test(name, async () => {
    await using store = await startStore();
    const settings: S3Settings = {
      endpoint: store.origin,
      region: "us-east-1",
      pathStyle: true,
      credentials: keys,
    };
    useS3Settings(settings);
    try {
      const response = await fetchS3(`s3://${BUCKET}/`, {
        method: "PUT",
        signal: AbortSignal.timeout(20_000),
      });
      if (!response.ok) throw new Error(`moto made no bucket: ${await response.text()}`);
      await response.body?.cancel();
      store.requests.length = 0;
      await run(store);
    } finally {
      useS3Settings(null);
    }
  });
}

/** Installs moto if it is missing. Throws Error with pip's message. */
export async function installMoto(): Promise<void> {
  if (isInstalled()) return;
  await installFromPypi(environment, packages);
}

let installed = false;

function isInstalled(): boolean {
  try {
    return installed ||=
      new Deno.Command(python, { args: ["-c", "import moto.s3, flask_cors"], stderr: "null" })
        .outputSync()
        .success;
  } catch {
    return false;
  }
}

/** Starts an empty store behind a proxy. Throws the error of `startMoto`. */
async function startStore(): Promise<TestStore> {
  const { address, stop } = await startMoto();
  return proxyTo(address, stop);
}

/** A running moto. */
export interface Moto {
  /** "http://127.0.0.1:PORT". */
  readonly address: string;
  /** Ends it. */
  stop(): Promise<void>;
}

/** Starts moto. Throws Error if it does not come up in a minute. */
export async function startMoto(): Promise<Moto> {
  const moto = new Deno.Command(python, {
    args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
    env: { AWS_ACCESS_KEY_ID: "moto", AWS_SECRET_ACCESS_KEY: "moto", PYTHONUNBUFFERED: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines = moto.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const found = Promise.withResolvers<string>();
  const late = setTimeout(() => found.reject(new Error("moto did not start within a minute")), 60_000);
  const drained = (async () => {
    for await (const line of lines) {
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
      if (address !== null) found.resolve(address[0]);
    }
    found.reject(new Error("moto ended at once"));
  })();
  const stop = async (): Promise<void> => {
    moto.kill("SIGKILL");
    await moto.status;
    await drained;
  };
  try {
    return { address: await found.promise, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function proxyTo(target: string, stop: () => Promise<void>): TestStore {
  const requests: string[] = [], faults: (StoreFault | null)[] = [], ignoredHeaders = new Set<string>();
  const ended = Promise.withResolvers<void>();
  let store: TestStore | null = null;
  const broken = (): Response =>
    new Response(new ReadableStream({ pull: (it) => it.error(new Error("cut")) }));
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: () => broken(),
  }, async (request) => {
    const url = new URL(request.url);
    const size = store?.pageSize ?? null;
    if (size !== null && url.searchParams.has("max-keys")) url.searchParams.set("max-keys", String(size));
    const path = `${url.pathname}${url.search}`;
    requests.push(`${request.method} ${path}`);
    const body = new Uint8Array(await request.arrayBuffer());
    const fault = store?.onRequest?.(request.method, path) ?? faults.shift() ?? null;
    const own = store?.answer?.() ?? null;
    if (own !== null) return own;
    if (fault === "reset") return broken();
    if (typeof fault === "object" && fault !== null && "status" in fault) {
      const xml = fault.code === undefined
        ? null
        : `<?xml version="1.0"?><Error><Code>${fault.code}</Code></Error>`;
      return new Response(xml, { status: fault.status, headers: { ...fault.headers } });
    }
    if (typeof fault === "object" && fault !== null && "delay" in fault) {
      await Promise.race([ended.promise, new Promise((resolve) => setTimeout(resolve, fault.delay))]);
    }
    const headers = new Headers(request.headers);
    for (const name of ignoredHeaders) headers.delete(name);
    const response = await fetch(`${target}${path}`, {
      method: request.method,
      headers,
      ...(body.length > 0 && { body }),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (fault === "lost answer") return broken();
    const answer = new Headers(response.headers);
    answer.delete("connection");
    if (typeof fault === "object" && fault !== null && "cutAfter" in fault) {
      answer.set("content-length", String(bytes.length));
      return new Response(shortened(bytes.subarray(0, fault.cutAfter)), {
        status: response.status,
        headers: answer,
      });
    }
    if (typeof fault === "object" && fault !== null && "stallAfter" in fault) {
      return new Response(stalled(bytes.subarray(0, fault.stallAfter)), {
        status: response.status,
        headers: answer,
      });
    }
    return new Response(bytes.length === 0 ? null : bytes, { status: response.status, headers: answer });
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return store = {
    origin,
    requests,
    faults,
    ignoredHeaders,
    onRequest: null,
    answer: null,
    pageSize: null,
    env: {
      AWS_ENDPOINT_URL: origin,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    },
    async [Symbol.asyncDispose]() {
      ended.resolve();
      await server.shutdown();
      await stop();
    },
  };
}

/** Bytes of an answer that ends before its announced length: the client sees a broken connection. */
function shortened(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** Bytes of an answer that never ends. */
function stalled(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (it) => it.enqueue(bytes) });
}

if (import.meta.main) await installMoto();
