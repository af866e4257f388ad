import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { pathOfUrl, withoutEndSlash, withSlashes } from "../../../stages/disk/paths.ts";

Deno.test("pathOfUrl() gives the path of a file URL on every system", () => {
  const cases: readonly (readonly [url: string, windows: boolean, path: string])[] = [
    ["file:///home/a%20b/x.ts", false, "/home/a b/x.ts"],
    ["file:///home/%C3%A9%25.txt", false, "/home/é%.txt"],
    ["file:///home/50%.txt", false, "/home/50%.txt"],
    ["file:///C:/Users/a%20b/x.ts", true, "C:/Users/a b/x.ts"],
    ["file:///c:/", true, "c:/"],
    ["file://server/share/a%20b.txt", true, "//server/share/a b.txt"],
    ["file:///C:/x", false, "/C:/x"],
  ];
  for (const [url, windows, path] of cases) strictEqual(pathOfUrl(new URL(url), { windows }), path);
  strictEqual(Deno.readTextFileSync(pathOfUrl(new URL(import.meta.url))).length > 0, true);
});

Deno.test("withSlashes() changes what is typed on Windows, and nothing elsewhere", () => {
  strictEqual(withSlashes("C:\\runs\\a b", { windows: true }), "C:/runs/a b");
  strictEqual(withSlashes("\\\\server\\share\\x", { windows: true }), "//server/share/x");
  strictEqual(withSlashes("a\\b", { windows: false }), "a\\b");
});

Deno.test("withoutEndSlash() leaves the slash of a root", () => {
  deepStrictEqual(
    ["runs/a/", "runs/a//", "runs/a", "/", "//", "/a/", "C:/", "C:/a/", "a:/b/"].map(withoutEndSlash),
    ["runs/a", "runs/a", "runs/a", "/", "/", "/a", "C:/", "C:/a", "a:/b"],
  );
});
