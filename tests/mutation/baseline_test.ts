import { deepStrictEqual } from "node:assert/strict";
import { withFolder } from "../temporary.ts";
import { linesRun } from "./baseline.ts";
import { Imports } from "./imports.ts";
import { inGroups } from "./trial.ts";

Deno.test("linesRun() gives the lines of each file that were run", () => {
  const report = "SF:/a.ts\nFN:1,f\nDA:1,3\nDA:2,0\nDA:5,1\nend_of_record\nSF:/b.ts\nDA:1,0\nend_of_record\n";
  deepStrictEqual([...linesRun(report)], [["/a.ts", [1, 5]], ["/b.ts", []]]);
});

Deno.test("Imports.closure() finds what modules load directly and through others, also in a circle", () =>
  withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/sub`);
    await Deno.writeTextFile(`${dir}/a.ts`, 'import "./sub/b.ts";\nimport "npm:x";\n');
    await Deno.writeTextFile(
      `${dir}/sub/b.ts`,
      'export { c } from "../c.ts";\nimport.meta.resolve("./w.ts");\n',
    );
    await Deno.writeTextFile(`${dir}/c.ts`, 'import "./a.ts";\n');
    const imports = new Imports(new URL(`file://${dir}/`));
    deepStrictEqual([...await imports.closure("a.ts")], ["a.ts", "sub/b.ts", "c.ts", "sub/w.ts"]);
  }));

Deno.test("inGroups() puts the fast tests into the first process", () => {
  const test = (milliseconds: number) => ({ file: `${milliseconds}`, milliseconds });
  const times = (list: readonly number[]) =>
    inGroups(list.map(test)).map((group) => group.map(({ milliseconds }) => milliseconds));
  deepStrictEqual(times([100, 4000, 5900, 7000, 60_000]), [[100, 4000, 5900], [7000, 60_000]]);
  deepStrictEqual([times([20_000]), times([5]), times([])], [[[20_000]], [[5]], []]);
});
