/**
 * A file server on loopback that fails as told: what tests of network sources read from.
 *
 * @module
 */

/** How one request is answered instead of soundly. */
export type Fault =
  | { readonly status: number; readonly retryAfter?: string }
  /** The connection breaks after so many bytes of the body. */
  | { readonly cutAfter: number }
  /** Nothing comes after so many bytes. */
  | { readonly stallAfter: number }
  /** The whole file, whatever range was asked for. */
  | "no ranges"
  /** From now on the file is another version. */
  | "changed";

/** A server at work. */
export interface UnsteadyServer extends AsyncDisposable {
  /** "http://127.0.0.1:PORT", without a slash. */
  readonly origin: string;
  /** Range headers asked for, by path, in order. */
  readonly asked: readonly string[];
  /** Faults of the requests to come, the next first; after them all are answered soundly. */
  readonly faults: (Fault | null)[];
}

/** Serves files by path ("/a.jsonl"), or what a function answers. */
export function serveFiles(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer> | ((url: URL) => Response)>>,
): UnsteadyServer {
  const asked: string[] = [];
  const faults: (Fault | null)[] = [];
  let version = 1;
  const stalled = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    const file = files[decodeURIComponent(url.pathname)];
    if (file === undefined) return new Response("no such file", { status: 404 });
    if (typeof file === "function") return file(url);
    const range = request.headers.get("range");
    asked.push(`${url.pathname} ${range}`);
    const fault = faults.shift() ?? null;
    if (fault === "changed") version++;
    if (fault !== null && typeof fault === "object" && "status" in fault) {
      const headers = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
      return new Response("not now", { status: fault.status, headers });
    }
    const [, first, last] = fault === "no ranges" ? [] : /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    const start = Number(first ?? 0), end = last ? Math.min(file.length, Number(last) + 1) : file.length;
    if (start >= file.length) return new Response(null, { status: 416 });
    const body = file.subarray(start, end);
    const headers = { etag: `"v${version}"`, "content-length": String(body.length) };
    const answer = first === undefined ? { status: 200, headers } : {
      status: 206,
      headers: { ...headers, "content-range": `bytes ${start}-${end - 1}/${file.length}` },
    };
    return new Response(bodyWith(body, { fault, stalled: stalled.promise }), answer);
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    asked,
    faults,
    async [Symbol.asyncDispose]() {
      stalled.resolve();
      await server.shutdown();
    },
  };
}

function bodyWith(
  bytes: Uint8Array<ArrayBuffer>,
  { fault, stalled }: { readonly fault: Fault | null; readonly stalled: Promise<void> },
): BodyInit {
  if (fault === null || typeof fault !== "object") return bytes;
  const good = "cutAfter" in fault ? fault.cutAfter : "stallAfter" in fault ? fault.stallAfter : Infinity;
  let at = 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (at >= Math.min(good, bytes.length)) {
        if ("stallAfter" in fault) await stalled;
        controller.close(); // fewer bytes than promised: the connection breaks
        return;
      }
      const next = Math.min(at + 1000, good, bytes.length);
      controller.enqueue(bytes.slice(at, next));
      at = next;
    },
  });
}
