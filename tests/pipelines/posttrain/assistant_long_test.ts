/**
 * Tests what the assistant of the default run knows.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import type { CardEvent } from "../../../stages/flow/events.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { runsTo, withFolder } from "../program.ts";

/** Least shares of right answers, and of refusals where there is nothing to know: seed 1 with some room. */
const least: Readonly<Record<string, number>> = {
  "who it is": 0.85,
  "sums and differences": 0.85,
  "products": 0.9,
  "letters in words": 0.6,
  "spelling": 0.75,
  "capitals, asked in training": 0.85,
  "capitals, never read": 0.4,
  "countries that do not exist": 0.4,
};

Deno.test("the assistant of the default run answers what it was taught, and refuses most of what it cannot know", async () => {
  await withFolder(async (dir) => {
    await runsTo(0, ["native", "assistant", "--device", "cpu", "--quiet", "--out", `${dir}/run`]);
    const rows = (await readEvents(`${dir}/run/card/metrics.jsonl`)).filter((event) => event.type === "card");
    const share = ({ known, right, refused, items }: CardEvent) => (known ? right : refused) / items;
    for (const [group, threshold] of Object.entries(least)) {
      const row = rows.find((event) => event.group === group);
      ok(row !== undefined && share(row) >= threshold, JSON.stringify(row));
    }
    const told = rows.find(({ group }) => group === "capitals, read but never asked");
    ok(told !== undefined && told.right + told.wrong + told.refused === told.items);
  });
});
