import { deepStrictEqual, rejects } from "node:assert/strict";
import { dawnFiles, setOf, slowFiles, testPaths } from "./test_sets.ts";

const root = new URL("../", import.meta.url);

Deno.test("setOf() determines a file's set from its name", () => {
  deepStrictEqual(
    ["a_test.ts", "a_gpu_test.ts", "a_long_test.ts", "a_lessons_test.ts", "a_cluster_test.ts", "gpu_test.ts"]
      .map(setOf),
    ["every", "gpu", "long", "lessons", "cluster", "every"],
  );
});

Deno.test("testPaths() of a folder of the product gives its tests and its docs", async () => {
  const { files, docs } = await testPaths(root, { set: "every", paths: ["./kernels/random/"] });
  deepStrictEqual(docs, ["kernels/random"]);
  deepStrictEqual(files.includes("tests/kernels/random/philox_test.ts"), true);
  deepStrictEqual(files.every((file) => file.startsWith("tests/kernels/random/")), true);
});

Deno.test("testPaths() accepts a file of the product, a folder of tests, and a file of tests", async () => {
  const expected = ["tests/kernels/random/philox_test.ts"];
  for (const path of ["kernels/random/philox.ts", "tests/kernels/random/philox_test.ts"]) {
    deepStrictEqual((await testPaths(root, { set: "every", paths: [path] })).files, expected);
  }
  const { files, docs } = await testPaths(root, { set: "every", paths: ["tests/kernels/random"] });
  deepStrictEqual([files.includes(expected[0]), docs], [true, []]);
});

Deno.test("testPaths() without paths gives each test file of the project to one set", async () => {
  const sets = await Promise.all(
    (["every", "gpu", "long", "lessons", "cluster"] as const).map(async (set) =>
      (await testPaths(root, { set, paths: [] })).files
    ),
  );
  const all = sets.flat();
  deepStrictEqual([new Set(all).size, sets.every((files) => files.length > 0)], [all.length, true]);
});

Deno.test("dawnFiles and slowFiles are test files of the project", async () => {
  const sets = await Promise.all(
    (["every", "gpu", "long", "lessons"] as const).map((set) => testPaths(root, { set, paths: [] })),
  );
  const all = sets.flatMap(({ files }) => files);
  deepStrictEqual([...dawnFiles, ...slowFiles].filter((file) => !all.includes(file)), []);
});

Deno.test("testPaths() refuses a path that does not exist", async () => {
  await rejects(() => testPaths(root, { set: "every", paths: ["stages/flwo"] }), /No tests in stages\/flwo/);
});
