import { deepEqual } from "node:assert/strict";
import { courseLines } from "../../../../pipelines/parts/posttrain/course_lines.ts";
import { preferenceEvents, rolloutEvents, stepEvent } from "../../../stages/report/events.ts";

Deno.test("courseLines() shows rewards, where the time went, and each task before and after", () => {
  const events = [
    stepEvent(0),
    { type: "task", step: 1, task: "arithmetic", reward: 0.25, items: 40, toolShare: 0.5 } as const,
    ...Array.from({ length: 10 }, (_, i) => rolloutEvents(1 + i, i < 5 ? 0.25 : 0.75)).flat(),
    { type: "task", step: 11, task: "arithmetic", reward: 0.75, items: 40, toolShare: 1 } as const,
    { type: "task", step: 11, task: "countries", reward: 0.5, items: 40, toolShare: 0, seen: true } as const,
  ];
  deepEqual(courseLines(events), [
    "reward       0.250 → 0.750  ▁▁▁▁▁█████",
    "tool calls   0.250 → 0.750  ▁▁▁▁▁█████",
    "entropy      0.500 → 0.500  ▁▁▁▁▁▁▁▁▁▁",
    "time         answering 75 % (2000 tokens/s), training 25 %",
    "arithmetic   0.250 → 0.750 mean reward of 40 held-out questions, with a tool 50 % → 100 %",
    "countries    0.500 mean reward of 40 questions it was trained on",
  ]);
});

Deno.test("courseLines() shows margins of preferences, losses of conversations, and nothing of no events", () => {
  deepEqual(courseLines([0, 0.5].flatMap((margin, i) => preferenceEvents(i, margin))), [
    "loss         0.693  ▁▁",
    "margin       0.250  ▁█",
    "pairs right  0.750  ▁▁",
  ]);
  deepEqual(courseLines([stepEvent(0)]), ["loss         7.000  ▁"]);
  deepEqual(courseLines([]), []);
});
