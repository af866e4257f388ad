/**
 * Uses a headless browser to open the pages that the program writes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { delimiter } from "node:path";
import { pathToFileURL } from "node:url";

/** Path of the installed browser; null if there is none. */
export const browser: string | null = await findBrowser();

/**
 * Opens a page and returns the value of a JavaScript expression that is evaluated in it. The expression can
 * read `errors`, the messages of all errors so far. `dark` asks for the dark colour scheme.
 */
export async function browse<T>(
  page: string,
  expression: string,
  { dark = false }: { readonly dark?: boolean } = {},
): Promise<T> {
  const collectErrors = `
    globalThis.errors = [];
    addEventListener("error", (e) => errors.push(String(e.message)), true);
    addEventListener("securitypolicyviolation", (e) => errors.push("policy: " + e.violatedDirective));
    console.error = console.warn = (...words) => errors.push(words.join(" "));
  `;
  const evaluate = `
    // Uses a timer instead of requestAnimationFrame(), because a busy machine may never draw a frame.
    addEventListener("load", () => setTimeout(() => {
      const found = ${expression};
      document.body.replaceChildren(Object.assign(document.createElement("output"), {
        textContent: btoa(unescape(encodeURIComponent(JSON.stringify(found)))),
      }));
    }, 200));
  `;
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/report.html`;
    await Deno.writeTextFile(
      path,
      allowing(page, [collectErrors, evaluate])
        .replace("</title>", () => `</title><script>${collectErrors}</script>`)
        .replace(/<\/body>/, () => `<script>${evaluate}</script></body>`),
    );
    const { stdout } = await new Deno.Command(browser ?? "", {
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--virtual-time-budget=10000",
        `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`,
        `--user-data-dir=${folder}/profile`,
        "--dump-dom",
        pathToFileURL(path).href,
      ],
      stdout: "piped",
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    const encoded = /<output>([^<]*)<\/output>/.exec(text)?.[1];
    if (encoded === undefined) throw new Error(`The page did not finish loading: ${text.slice(-500)}`);
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0))));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The page with a content security policy that also allows the scripts of this test. */
function allowing(page: string, scripts: readonly string[]): string {
  const hashes = scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  return page.replace("script-src", () => `script-src ${hashes.join(" ")}`);
}

async function findBrowser(): Promise<string | null> {
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter);
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const folder of folders) {
      const path = `${folder}/${name}`;
      const info = await Deno.stat(path).catch(() => null);
      if (info?.isFile) return path;
    }
  }
  return null;
}
