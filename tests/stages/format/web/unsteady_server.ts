/**
 * A file server on loopback that fails on request, for tests of network sources.
 *
 * @module
 */

/** A failure that replaces the response to one request. */
export type Fault =
  | { readonly status: number; readonly retryAfter?: string }
  /** The connection breaks after this many bytes of the body. */
  | { readonly cutAfter: number }
  /** The server sends nothing more after this many bytes. */
  | { readonly stallAfter: number }
  /** The server ignores the range and sends the whole file. */
  | "no ranges"
  /** From this request on, the file has another version. */
  | "changed";

/** A running server. */
export interface UnsteadyServer extends AsyncDisposable {
  /** "http://127.0.0.1:PORT", without a slash. */
  readonly origin: string;
  /** Path and Range header of each request, in order. */
  readonly requests: readonly string[];
  /**
   * Failures of the next requests, in order. Requests whose entry is null, and all requests after the last
   * entry, are answered normally.
   */
  readonly faults: (Fault | null)[];
}

/** Serves files, keyed by path (such as "/a.jsonl"). A function instead of a file makes its own response. */
export function serveFiles(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer> | ((url: URL) => Response)>>,
): UnsteadyServer {
  const requests: string[] = [];
  const faults: (Fault | null)[] = [];
  let version = 1;
  const stalled = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    const file = files[decodeURIComponent(url.pathname)];
    if (file === undefined) return new Response("no such file", { status: 404 });
    if (typeof file === "function") return file(url);
    const range = request.headers.get("range");
    requests.push(`${url.pathname} ${range}`);
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
    requests,
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
  const limit = "cutAfter" in fault ? fault.cutAfter : "stallAfter" in fault ? fault.stallAfter : Infinity;
  let at = 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (at >= Math.min(limit, bytes.length)) {
        if ("stallAfter" in fault) await stalled;
        controller.close(); // fewer bytes than content-length: the client sees a broken connection
        return;
      }
      const next = Math.min(at + 1000, limit, bytes.length);
      controller.enqueue(bytes.slice(at, next));
      at = next;
    },
  });
}
