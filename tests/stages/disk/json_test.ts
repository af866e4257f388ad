import { deepStrictEqual } from "node:assert/strict";
import { isRecord } from "../../../stages/disk/json.ts";

Deno.test("isRecord() is true for objects only, not for arrays and null", () => {
  const values = [{}, { a: 1 }, [], null, undefined, "text", 0, true];
  deepStrictEqual(values.map((value) => isRecord(value)), [true, true, ...values.slice(2).map(() => false)]);
});
