import { deepStrictEqual } from "node:assert/strict";
import { allComments, commentsOf } from "./comments.ts";

const limit = 110; // columns: `lineWidth` in deno.json, which the formatter does not apply to comments

Deno.test("commentsOf() finds blocks, runs of line comments and comments behind code, and no strings", () => {
  const text = [
    "/** A block",
    " * of two lines. */",
    'const url = "https://example.org // not a comment";',
    "const n = 3; // behind code",
    "// A run",
    "// of two.",
    "f();",
  ].join("\n");
  deepStrictEqual(
    commentsOf("a.ts", text).map(({ line, lines, code }) => [line, lines.length, code]),
    [[1, 2, 'const url = "https://example.org // not a comment";'], [4, 1, "const n = 3; // behind code"], [
      5,
      2,
      "f();",
    ]],
  );
});

Deno.test("comments wrap at the formatter's line width", async () => {
  const wide = (await allComments()).flatMap(({ file, line, lines }) =>
    lines.flatMap((text, i) => text.length > limit && /\s\S+\s/.test(text) ? [`${file}:${line + i}`] : [])
  );
  deepStrictEqual(wide, [], `comments wider than ${limit} columns`);
});
