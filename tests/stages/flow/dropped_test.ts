import { strictEqual } from "node:assert/strict";
import { DropTally, NoItemsError } from "../../../stages/flow/dropped.ts";

Deno.test("DropTally.text() names the most frequent reasons first, and only stages that dropped items", () => {
  const tally = new DropTally();
  strictEqual(tally.text(), null);
  const event = { type: "stage", busy: 0, blocked: 0 } as const;
  tally.take({ ...event, name: "first", in: 9, out: 9, dropped: {} });
  strictEqual(tally.text(), null);
  tally.take({ ...event, name: "second", in: 9, out: 8, dropped: { short: 1 } });
  tally.take({ ...event, name: "third", in: 8, out: 0, dropped: { one: 1, five: 5, two: 2 } });
  tally.take({ ...event, name: "fourth", in: 0, out: 0, dropped: { a: 1, e: 5, c: 3, b: 2, d: 4 } });
  strictEqual(
    tally.text(),
    "second dropped 1 of 9 (short 1); third dropped 8 of 8 (five 5, two 2, one 1); " +
      "fourth dropped 15 of 15 (e 5, d 4, c 3, b 2)",
  );
  const cause = new NoItemsError("Cannot train", { advice: "give more text" });
  const explained = tally.explain(new Error("the stage failed", { cause }));
  strictEqual(`${explained}`, `RangeError: Cannot train: ${tally.text()}: give more text`);
  const other = new Error("another");
  strictEqual(tally.explain(other), other);
});
