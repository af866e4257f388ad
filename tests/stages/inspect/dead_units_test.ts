import { deepStrictEqual, throws } from "node:assert/strict";
import { deadUnits } from "../../../stages/inspect/dead_units.ts";

Deno.test("deadUnits() finds the units that are saturated in every row, at either end", () => {
  const values = [
    [.995, .1, -1, .995],
    [-.999, .995, 1, .2],
    [1, .995, -1, 1],
  ];
  deepStrictEqual(deadUnits(values.flat(), { units: 4 }), [0, 2]);
  deepStrictEqual(deadUnits(values.flat(), { units: 4, saturation: .997 }), [2]);
  deepStrictEqual(deadUnits(values.flat(), { units: 4, saturation: 2 }), []);
  deepStrictEqual(deadUnits([NaN, 1], { units: 2 }), [1]);
  throws(() => deadUnits([1, 2, 3], { units: 2 }), /in 3 values: wanted one or more rows of 2/);
});
