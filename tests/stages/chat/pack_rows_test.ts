/**
 * Tests the packing of documents against TRL.
 *
 * @module
 */
import { deepEqual, ok, throws } from "node:assert/strict";
import { packRows, type PackStrategy } from "../../../stages/chat/pack_rows.ts";
import { sharedTest } from "../../shared_data.ts";

sharedTest("packRows() makes TRL's rows", ["golden/posttrain/expected.json"], async (path) => {
  const { packing } = JSON.parse(await Deno.readTextFile(path("golden/posttrain/expected.json")));
  let compared = 0;
  for (const { lengths, row_size: size, ...expected } of packing.cases) {
    for (const strategy of ["bfd", "bfd_split", "wrapped"] as PackStrategy[]) {
      const rows = packRows(lengths, { size, strategy });
      deepEqual(
        rows.map((row) => row.map(({ document, start, length }) => [document, start, length])),
        expected[strategy],
        `${strategy}, rows of ${size}`,
      );
      compared++;
    }
  }
  ok(compared >= 15);
});

Deno.test("packRows() keeps every token that fits, for rows of one token more and less than a document", () => {
  const lengths = [7, 8, 9];
  for (const size of [7, 8, 9]) {
    const cut = packRows(lengths, { size }), whole = packRows(lengths, { size, strategy: "bfd_split" });
    const count = (rows: typeof cut) => rows.flat().reduce((sum, { length }) => sum + length, 0);
    deepEqual(count(cut), lengths.reduce((sum, length) => sum + Math.min(length, size), 0));
    deepEqual(count(whole), 24);
    for (const row of [...cut, ...whole]) ok(count([row]) <= size);
  }
});

Deno.test("packRows() refuses rows without tokens", () => {
  for (const size of [0, -1, 1.5, NaN]) throws(() => packRows([1], { size }), RangeError);
  deepEqual(packRows([1, 0, 1], { size: 1 }).length, 2);
});
