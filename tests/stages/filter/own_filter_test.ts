import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import {
  isOwnFilter,
  loadOwnFilter,
  ownFilterName,
  type OwnFilterPath,
  withHash,
} from "../../../stages/filter/own_filter.ts";
import { withFolder } from "../../temporary.ts";
import { openFilter } from "./filter_checks.ts";

/** Writes a module and returns its path. */
async function written(dir: string, name: string, code: string): Promise<OwnFilterPath> {
  const path = `${dir}/${name}` as const;
  await Deno.writeTextFile(path, code);
  return path;
}

Deno.test("isOwnFilter() takes words with a slash; ownFilterName() is the file's name without its extension and hash", () => {
  deepStrictEqual(["c4", "my_filter.ts", "./my_filter.ts", "a/b.ts"].map(isOwnFilter), [
    false,
    false,
    true,
    true,
  ]);
  strictEqual(ownFilterName("./filters/my.filter.ts"), "my.filter");
  strictEqual(ownFilterName("/a/short.js#0123456789abcdef"), "short");
});

Deno.test("loadOwnFilter() loads a rule, whose reasons drop documents", () =>
  withFolder(async (dir) => {
    const path = await written(
      dir,
      "short.ts",
      `export default ({ text }: { text: string }) => text === "one" ? "too short" : text === "two" ? undefined : null;`,
    );
    const { stage, isRule } = await loadOwnFilter(path);
    deepStrictEqual([stage.name, isRule], ["short", true]);
    const open = await openFilter(stage);
    deepStrictEqual(["one", "two", "three"].map((text) => open(text).reason), ["too short", null, null]);
    for (const [value, shown] of [["true", "true"], ["7", "7"], ['""', '""']]) {
      const wrong = await written(
        dir,
        `wrong${shown.length}${value.length}.ts`,
        `export default () => ${value};`,
      );
      const opened = await openFilter((await loadOwnFilter(wrong)).stage);
      throws(() => opened("text"), new RegExp(`The filter wrong\\d+ returned ${shown}: expected a reason`));
    }
  }));

Deno.test("loadOwnFilter() loads a stage under the file's name, and refuses what is neither", () =>
  withFolder(async (dir) => {
    const path = await written(
      dir,
      "louder.ts",
      `export default { name: "other", open: () => null, push: (doc) => [{ ...doc, text: doc.text.toUpperCase() }] };`,
    );
    const { stage, isRule } = await loadOwnFilter(path);
    deepStrictEqual([stage.name, isRule], ["louder", false]);
    strictEqual((await openFilter(stage))("loud").doc.text, "LOUD");
    const none: readonly (readonly [code: string, why: RegExp])[] = [
      ["export const filter = () => null;", /it has no default export: write "export default/],
      ...[
        "null",
        "7",
        "{}",
        "{ open: () => null }",
        "{ push: () => [] }",
        "{ open: 1, push: () => [] }",
        "{ open: () => null, push: 1 }",
      ].map((value) =>
        [`export default ${value};`, /its default export is neither a function nor a stage/] as const
      ),
    ];
    for (const [i, [code, why]] of none.entries()) {
      await rejects(loadOwnFilter(await written(dir, `none${i}.ts`, code)), {
        name: "RangeError",
        message: why,
      });
    }
  }));

Deno.test("withHash() names the content, and loadOwnFilter() refuses another content", () =>
  withFolder(async (dir) => {
    const path = await written(dir, "mine.ts", "export default () => null;");
    const named = withHash(path);
    match(named, /\/mine\.ts#[0-9a-f]{16}$/);
    strictEqual(withHash(named), named);
    strictEqual((await loadOwnFilter(named)).stage.name, "mine");
    await Deno.writeTextFile(path, "export default () => undefined;");
    await rejects(loadOwnFilter(named), {
      name: "RangeError",
      message: /the file has changed \(its SHA-256 began with [0-9a-f]{16}, and now with [0-9a-f]{16}\)/,
    });
    strictEqual(withHash(named), named, "the hash of the old content is kept");
    for (const missing of [`${dir}/none.ts`, `${dir}/none.ts#0123456789abcdef`] as const) {
      await rejects(loadOwnFilter(missing), {
        name: "RangeError",
        message: /none\.ts: there is no such file/,
      });
    }
    throws(() => withHash(`${dir}/none.ts`), RangeError);
  }));
