/**
 * Serves the files of a folder on this machine.
 *
 * @module
 */
import { readBytes } from "../../../stages/disk/files.ts";
import { hostHeaders } from "./host_headers.ts";

const CLOSE_WITHIN = 1000; // milliseconds: a browser that reads nothing must not hold up the end

/** Types of the files that are served, by the ending of their name. */
const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  txt: "text/plain; charset=utf-8",
};

/** A server of a folder; disposing of it lets answers end, for a second at most. */
export interface FolderServer extends AsyncDisposable {
  /** Address of its page. */
  readonly address: string;
}

/** Options of `serveFolder`. */
export interface ServeFolderOptions {
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Headers of all files; default: those that isolate the page. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/**
 * Serves the files directly in a folder on 127.0.0.1. Requests that name another host are refused, so that no
 * page of another origin can read the files through a name that resolves to this machine. Throws
 * Deno.errors.AddrInUse or Deno.errors.PermissionDenied for a port that cannot be used.
 */
export function serveFolder(
  folder: string,
  { port, headers = hostHeaders }: ServeFolderOptions,
): FolderServer {
  const cut = new AbortController();
  const listen = { hostname: "127.0.0.1", port, signal: cut.signal, onListen: () => {} };
  const server = Deno.serve(listen, async (request) => {
    const { hostname, pathname } = new URL(request.url);
    if (hostname !== "127.0.0.1" && hostname !== "localhost") {
      return new Response("This address is not that of the page", { status: 421 });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Only GET and HEAD are possible", { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const type = /^[\w-]+\.(\w+)$/.exec(name)?.[1] ?? "";
    const body = type in types ? await readBytes(`${folder}/${name}`).catch(() => null) : null;
    if (body === null) return new Response("There is no such file", { status: 404 });
    return new Response(request.method === "HEAD" ? null : body, {
      headers: [...headers.map(([key, value]): [string, string] => [key, value]), [
        "content-type",
        types[type],
      ], ["cache-control", "no-cache"]],
    });
  });
  return {
    address: `http://127.0.0.1:${server.addr.port}/`,
    async [Symbol.asyncDispose]() {
      const late = setTimeout(() => cut.abort(), CLOSE_WITHIN);
      await server.shutdown();
      clearTimeout(late);
    },
  };
}
