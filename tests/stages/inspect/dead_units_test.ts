/** Dead units are those that are at their ends for every example. */
import { deepStrictEqual, throws } from "node:assert/strict";
import { deadUnits } from "../../../stages/inspect/dead_units.ts";

Deno.test("deadUnits() finds what is at its end in every row, on either side, and nothing else", () => {
  const values = [
    [.995, .1, -1, .995],
    [-.999, .995, 1, .2],
    [1, .995, -1, 1],
  ];
  deepStrictEqual(deadUnits(values.flat(), { units: 4 }), [0, 2]);
  deepStrictEqual(deadUnits(values.flat(), { units: 4, saturation: .997 }), [2]);
  deepStrictEqual(deadUnits(values.flat(), { units: 4, saturation: 2 }), []);
  deepStrictEqual(deadUnits([NaN, 1], { units: 2 }), [1]);
  throws(() => deadUnits([1, 2, 3], { units: 2 }), /in 3 values: wanted one row or more of 2/);
});
