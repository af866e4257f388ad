import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  duration,
  flag,
  integer,
  list,
  number,
  oneOf,
  path,
  repeated,
} from "../../../pipelines/cli/option_types.ts";

Deno.test("integer() accepts whole numbers within its bounds, and its error names the bounds", () => {
  const { parse } = integer("", { value: 1, min: 1, max: 64 });
  strictEqual(parse("64"), 64);
  strictEqual(parse("1e1"), 10);
  strictEqual(parse("5_0"), 50);
  for (const bad of ["0", "65", "1.5", "", " ", "x", "0x", "Infinity", "NaN", "1e99", "__1", "12abc"]) {
    throws(() => parse(bad), { name: "RangeError", message: "expected a whole number from 1 to 64" });
  }
  strictEqual(integer("", { value: "auto", words: ["auto"] }).parse("auto"), "auto");
  throws(() => integer("", { value: "auto", min: 1, words: ["auto"] }).parse("0"), {
    message: "expected a whole number of at least 1 or auto",
  });
});

Deno.test("number() accepts finite numbers within its bounds", () => {
  const { parse } = number("", { value: 0, min: 0 });
  strictEqual(parse("6e-4"), 6e-4);
  strictEqual(parse(".5"), 0.5);
  throws(() => parse("-1"), { message: "expected a number of at least 0" });
  throws(() => parse("NaN"), RangeError);
  throws(() => parse("1e999"), RangeError);
});

Deno.test("duration() reads units and returns seconds", () => {
  const { parse } = duration("", { value: null });
  deepStrictEqual(["90", "90s", "5m", "1h30m", "1.5h", "1d"].map(parse), [90, 90, 300, 5400, 5400, 86400]);
  for (const bad of ["", "0", "m", "5 minutes", "-5m", "30m1h"]) throws(() => parse(bad), RangeError);
});

Deno.test("oneOf(), list() and flag() accept only their words", () => {
  const words = oneOf("", { value: "cpu", choices: ["auto", "cpu"] });
  strictEqual(words.parse("auto"), "auto");
  throws(() => words.parse("gpu"), { message: "expected one of auto, cpu" });
  const names = list("", { value: null, choices: ["url", "c4"] });
  deepStrictEqual(names.parse("c4, url,"), ["c4", "url"]);
  throws(() => names.parse("c4,c5"), { message: "c5: expected some of url, c4" });
  strictEqual(flag("", { value: false }).parse("true"), true);
  throws(() => flag("", { value: false }).parse("yes"), RangeError);
  throws(() => path("", { value: null }).parse(""), RangeError);
  deepStrictEqual(repeated("", { value: [] }).parse("a,b"), ["a,b"]);
});
