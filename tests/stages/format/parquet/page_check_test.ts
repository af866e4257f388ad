/**
 * Tests that Parquet pages are rejected before they are decoded if their counts or runs would need gigabytes
 * or never end.
 *
 * @module
 */
import { doesNotThrow, throws } from "node:assert/strict";
import type { SchemaElement } from "hyparquet";
import { PageCheck } from "../../../../stages/format/parquet/page_check.ts";

const text: SchemaElement = { name: "text", type: "BYTE_ARRAY", repetition_type: "REQUIRED" };
const maybe: SchemaElement = { ...text, repetition_type: "OPTIONAL" };

function varint(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))];
}

/** Returns an uncompressed v1 data page: header and body. */
function page(
  body: readonly number[],
  { values, encoding, size = body.length }: { values: number; encoding: number; size?: number },
): Uint8Array {
  const i32 = (value: number) => [0x15, ...varint(2 * value)];
  const data = [...i32(values), ...i32(encoding), ...i32(3), ...i32(3), 0];
  return Uint8Array.from([...i32(0), ...i32(size), ...i32(body.length), 0x2c, ...data, 0, ...body]);
}

function check(bytes: Uint8Array, element: SchemaElement, rows = 10): void {
  const maxDefinition = element.repetition_type === "OPTIONAL" ? 1 : 0;
  new PageCheck().add(bytes, { element, rows, values: rows, maxRepetition: 0, maxDefinition, plain: true });
}

const PLAIN = 0, DELTA = 5, PREFIXES = 7, DICTIONARY = 8;
const run = (count: number, value: number) => [...varint(2 * count), value];

Deno.test("PageCheck accepts valid pages", () => {
  const one = [1, 0, 0, 0, 97];
  doesNotThrow(() => check(page([...one, ...one], { values: 2, encoding: PLAIN }), text));
  doesNotThrow(() => check(page([2, ...run(10, 1)], { values: 10, encoding: DICTIONARY }), text));
  doesNotThrow(() =>
    check(page([2, 0, 0, 0, ...run(3, 0), 2, 3, 1, 0], { values: 3, encoding: DICTIONARY }), maybe)
  );
});

Deno.test("PageCheck refuses runs, counts and sizes that do not fit", () => {
  const refused = (bytes: Uint8Array, element = text) => throws(() => check(bytes, element), RangeError);
  refused(page([2, ...run(2 ** 30, 1)], { values: 10, encoding: DICTIONARY })); // 2^30 values
  refused(page([2, ...run(0, 1), ...run(0, 1)], { values: 10, encoding: DICTIONARY })); // runs of no values
  refused(page([0, 0, 0, 0, ...run(2 ** 30, 1)], { values: 10, encoding: PLAIN }), maybe); // 2^30 levels
  refused(page([2, ...varint(2 ** 31 - 1)], { values: 10, encoding: DICTIONARY })); // 2^33 bit-packed values
  refused(page([99, ...run(10, 1)], { values: 10, encoding: DICTIONARY }));
  refused(page([], { values: 2 ** 30, encoding: PLAIN }));
  refused(page([1, 0, 0, 0, 97], { values: 11, encoding: PLAIN })); // 11 values in 10 rows
  refused(page([], { values: 1, encoding: PLAIN, size: 2 ** 31 - 1 }));
  refused(page([...varint(128), ...varint(2 ** 31 - 1), 10, 0], { values: 10, encoding: DELTA })); // 2 GiB
  refused(page([...varint(128), 0, 10, 0], { values: 10, encoding: DELTA }));
});

Deno.test("PageCheck refuses prefix-encoded texts that grow with each text", () => {
  // 20,000 texts, each 20,000 characters longer than the previous one. Their prefixes grow, but their
  // suffixes do not.
  const count = 20_000;
  const rising = [128, 1, 1, ...varint(count), 0];
  const same = [128, 1, 1, ...varint(count), ...varint(40_000)];
  for (let i = 0; i < count / 128; i++) {
    rising.push(...varint(40_000), 0);
    same.push(0, 0);
  }
  const bytes = page([...rising, ...same], { values: count, encoding: PREFIXES });
  throws(() => check(bytes, text, count), /texts of \d+ bytes/);
});

Deno.test("PageCheck refuses levels of a list that are too high, in bit-packed runs too", () => {
  const list = { element: maybe, rows: 2, values: 8, maxRepetition: 1, maxDefinition: 2, plain: true };
  const levels = (runs: readonly number[]) => [runs.length, 0, 0, 0, ...runs];
  const listPage = (repetition: readonly number[], definition: readonly number[]) =>
    page([...levels(repetition), ...levels(definition), 2, ...run(8, 1)], {
      values: 8,
      encoding: DICTIONARY,
    });
  const add = (bytes: Uint8Array) => new PageCheck().add(bytes, list);
  const packed = (byte: number, second: number) => [3, byte, second]; // 8 values of 2 bits
  doesNotThrow(() => add(listPage([3, 0b11101110], run(8, 2))));
  doesNotThrow(() => add(listPage(run(8, 1), packed(0b10101010, 0b10101010))));
  throws(() => add(listPage(run(8, 2), run(8, 2))), /a level is 2, expected at most 1/);
  throws(() => add(listPage(run(8, 1), run(8, 3))), /a level is 3, expected at most 2/);
  throws(() => add(listPage(run(8, 1), packed(0b10101010, 0b10111010))), /a level is 3, expected at most 2/);
});
