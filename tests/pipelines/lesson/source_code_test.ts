/** Tests that the parts of the source which lessons show are there, and are whole. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { makemoreTypes } from "../../../kernels/models/course/makemore.ts";
import { projectFolder, readRegion, regionOf } from "../../../pipelines/lesson/source_code.ts";

const source = `/** Text. */
export function* whole(
  a: number,
): Item {
  call(a);
}

class Box {
  call(x: number): void {
    whole(x);
  }

  #own = 1;
}
function other() {
  // #region part of it
  const a = 1;

    const b = 2;
  // #endregion
}
const line = 1;
// #region open
`;
const at = (name: string) => regionOf(source, { file: "a.ts", name });

Deno.test("regionOf() finds functions, methods, classes, constants and marked regions, without indentation", () => {
  deepStrictEqual(at("whole"), {
    lines: [2, 6],
    text: "export function* whole(\n  a: number,\n): Item {\n  call(a);\n}",
  });
  deepStrictEqual(at("call"), { lines: [9, 11], text: "call(x: number): void {\n  whole(x);\n}" });
  deepStrictEqual(at("Box").lines, [8, 14]);
  deepStrictEqual(at("line"), { lines: [22, 22], text: "const line = 1;" });
  deepStrictEqual(at("part of it"), { lines: [17, 19], text: "const a = 1;\n\n  const b = 2;" });
});

Deno.test("regionOf() refuses a name that is missing, twice there or without an end", () => {
  throws(() => at("none"), /Cannot show none of a.ts: expected one declaration or region .*, found none/);
  throws(() => at("open"), /found one without an end/);
  throws(() => regionOf("const a = 1;\nconst a = 2;", { file: "a.ts", name: "a" }), /found 2/);
});

Deno.test("every part of the source that a lesson shows is there and ends where it should", async () => {
  let shown = 0;
  for await (const path of lessonFiles(new URL("pipelines/", projectFolder))) {
    const text = (await Deno.readTextFile(path)).replace(/^ \*.*$/gm, ""); // without the docs' examples
    const names = new Map(
      [...text.matchAll(/\b(\w+) = "((?:kernels|stages|pipelines)\/[\w/.]+\.ts)"/g)].map((
        [, name, file],
      ) => [name, file]),
    );
    for (const [, file, name] of text.matchAll(/\bcode\(\s*("[^"]+"|\w+),\s*"([^"]+)",?\s*\)/g)) {
      const found = file.startsWith('"') ? file.slice(1, -1) : names.get(file);
      ok(found !== undefined, `${path}: ${file} is no constant with a path`);
      const { text: region } = await readRegion({ file: found, name });
      const brackets = region.replace(/"(\\.|[^"\\\n])*"|\/\/.*/g, "");
      for (const [open, closed] of ["()", "[]", "{}"]) {
        strictEqual(
          brackets.split(open).length,
          brackets.split(closed).length,
          `${found}, ${name}: ${open}${closed}`,
        );
      }
      ok(
        region.split("\n").length <= 60,
        `${found}, ${name}: ${region.split("\n").length} lines are too many to read`,
      );
      shown++;
    }
  }
  ok(shown > 30, `${shown}`);
});

Deno.test("makemore shows the function of each of its models", async () => {
  for (const name of [...makemoreTypes.filter((type) => type !== "transformer"), "makemore"]) {
    const { text } = await readRegion({ file: "kernels/models/course/makemore.ts", name });
    ok(/^(export function|const) /.test(text) && text.split("\n").length > 2, text);
  }
});

async function* lessonFiles(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* lessonFiles(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}
