/**
 * Tests what the assistant of the default run knows.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import type { CardEvent } from "../../../stages/flow/events.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { runsTo, withFolder } from "../program.ts";

/**
 * Least shares of right answers, and of refusals where there is nothing to know: the least of seeds 1 to 3 in
 * the table of pipelines/parts/posttrain/README.md, less two standard deviations of 60 answers, or less two
 * answers where all were right (one of the 9 about itself).
 */
const least: Readonly<Record<string, number>> = {
  "who it is": 0.88,
  "sums and differences": 0.96,
  "products": 0.96,
  "letters in words": 0.73, // 0.83
  "spelling": 0.89, // 0.95
  "capitals, asked in training": 0.85, // 0.92
  "capitals, never read": 0.56, // 0.68
  "countries that do not exist": 0.42, // 0.55
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
