/**
 * The files that `deno publish` would upload, copied into a folder of their own.
 *
 * @module
 */
import { root, runDeno } from "./script.ts";

/**
 * Runs `deno publish --dry-run` and returns the listed files as paths relative to the project, sorted. Throws
 * with Deno's messages if it refuses the package, slow types included.
 */
export async function publishedFiles(): Promise<readonly string[]> {
  // Uncommitted changes are allowed because the test is about the working tree.
  const { code, out, err } = await runDeno(["publish", "--dry-run", "--allow-dirty"]);
  if (code !== 0) throw new Error(`deno publish --dry-run ended with ${code}:\n${out}\n${err}`);
  const files = [...err.matchAll(/^ +(file:\S+) \([\d.]+\w+\)$/gm)].map(([, url]) => decodeURIComponent(url));
  return files.map((url) => url.slice(`file://${root}`.length)).sort();
}

/** Copies files of the project, given as relative paths, to the folder `to`. */
export async function copyTo(to: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    await Deno.mkdir(`${to}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(root + file, `${to}/${file}`);
  }
}

const contentTypes: Readonly<Record<string, string>> = {
  ts: "application/typescript",
  js: "text/javascript",
  wasm: "application/wasm",
};

/** Serves a folder as a registry does: by HTTP on 127.0.0.1. `port` is the server's. */
export function serveFolder(folder: string): AsyncDisposable & { readonly port: number } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const { pathname } = new URL(url), extension = pathname.slice(pathname.lastIndexOf(".") + 1);
    const body = await Deno.readFile(folder + decodeURIComponent(pathname)).catch(() => null);
    if (body === null) return new Response("not published", { status: 404 });
    return new Response(body, { headers: { "content-type": contentTypes[extension] ?? "text/plain" } });
  });
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}
