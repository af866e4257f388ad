/**
 * Registers tests on data that is not in the repository but in `../shared/data` next to it. If a file is
 * missing, the test is ignored and its name says so; with CI=true it fails.
 *
 * @module
 */
import { pathOfUrl } from "../stages/disk/paths.ts";

const root = new URL("../../shared/data/", import.meta.url);

/** Registers a test that needs `files` of the shared data. `path` returns the path of a file. */
export function sharedTest(
  name: string,
  files: readonly string[],
  run: (path: (file: string) => string, t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = files.filter((file) => !exists(new URL(file, root)));
  const path = (file: string) => pathOfUrl(new URL(file, root));
  if (missing.length === 0) {
    Deno.test(name, (t) => run(path, t));
  } else if (Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error(`Missing test data: ${missing.join(", ")}: with CI=true it must be there`);
    });
  } else {
    Deno.test({ name: `${name} (ignored: no ../shared/data/${missing[0]})`, ignore: true, fn: () => {} });
  }
}

function exists(url: URL): boolean {
  try {
    Deno.statSync(url);
    return true;
  } catch {
    return false;
  }
}
