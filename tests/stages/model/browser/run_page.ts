/**
 * Runs the test page in a headless browser whose WebGPU computes in software.
 *
 * @module
 */
import { browser } from "../../../browser.ts";
import { pathOfUrl } from "../../../../stages/disk/paths.ts";
import type { GoldenTask } from "./golden_task.ts";
import type { PageResult } from "./page.ts";

/**
 * Bundles the page for browsers, opens it with up to `cases` cases of each op and with golden runs, and
 * returns its results.
 */
export async function runPage(
  { cases, golden }: { readonly cases: number; readonly golden: readonly GoldenTask[] },
): Promise<PageResult> {
  const code = await bundled(new URL("./page.ts", import.meta.url));
  const posted = Promise.withResolvers<PageResult & { readonly error?: string }>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/result") {
      posted.resolve(await request.json());
      return new Response();
    }
    if (pathname === "/golden.json") return Response.json(golden);
    return pathname === "/page.js"
      ? new Response(code, { headers: { "content-type": "text/javascript" } })
      : new Response('<!doctype html><title>test</title><script type="module" src="/page.js"></script>', {
        headers: { "content-type": "text/html" },
      });
  });
  const folder = await Deno.makeTempDir();
  const process = new Deno.Command(browser ?? "", {
    args: [
      "--headless",
      "--no-sandbox",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--disable-background-networking",
      "--no-first-run",
      `--user-data-dir=${folder}`,
      `http://127.0.0.1:${server.addr.port}/?cases=${cases}`,
    ],
    clearEnv: true, // the variables that lead Deno to SwiftShader keep the browser from its own
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: folder },
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const ended = process.status.then(({ code }) => {
      throw new Error(`The browser ended with code ${code} before the page did`);
    });
    ended.catch(() => {}); // the page ends first
    const { error, ...result } = await Promise.race([posted.promise, ended]);
    if (error !== undefined) throw new Error(`The page failed: ${error}`);
    return result;
  } finally {
    try {
      process.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await process.status;
    await Deno.remove(folder, { recursive: true }).catch(() => {}); // its children may still be writing
  }
}

/** Returns a module with all that it imports, as code for browsers. */
async function bundled(module: URL): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=browser", "--lock=deno.lock", "--frozen", pathOfUrl(module)],
    cwd: pathOfUrl(new URL("../../../../", import.meta.url)),
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`The page cannot be bundled: ${text.decode(stderr)}`);
  return text.decode(stdout);
}
