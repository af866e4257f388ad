import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import stringWidth from "string-width";
import { liveBlockLines } from "../../../stages/report/live_block.ts";
import { printable, sparkline, truncate } from "../../../stages/report/terminal_text.ts";
import { sampleLines, stepLine } from "../../../stages/report/event_lines.ts";
import { Progress } from "../../../stages/report/progress.ts";
import { bytes, count, rate, share, time } from "../../../stages/report/quantity.ts";
import { preferenceEvents, rolloutEvents, runEvents, stageEvent, stepEvent } from "./events.ts";

function progressAt(events: ReturnType<typeof runEvents>): Progress {
  const progress = new Progress({ steps: 300 }, () => 0);
  events.forEach((event) => progress.add(event));
  return progress;
}

Deno.test("liveBlockLines() fits every width from 10 to 200 columns and every height", () => {
  const progress = progressAt(runEvents(120));
  progress.add(stageEvent("gopher-repetition-日本", { in: 123456, out: 99999, dropped: { a: 1 } }));
  for (let columns = 10; columns <= 200; columns += 5) {
    for (const rows of [1, 3, 6, 30]) {
      const lines = liveBlockLines(progress, { columns, rows, color: false });
      ok(lines.length <= rows);
      for (const line of lines) ok(stringWidth(line) <= columns, `${columns}: ${line}`);
    }
  }
});

Deno.test("liveBlockLines() shows step, loss, speed, time left and stages in 80 columns", () => {
  const text = liveBlockLines(progressAt(runEvents(120)), { columns: 80, rows: 24, color: false }).join("\n");
  for (
    const part of [
      "small · cpu: 2 threads · 1.0M parameters",
      "step 120/300",
      "1m30s left",
      "val 5.0000",
      "language",
      "4,096 tokens/s",
    ]
  ) {
    ok(text.includes(part), `${part} in\n${text}`);
  }
});

Deno.test("updates of rewards and preferences show these in place of the loss, with their own curves", () => {
  const size = { columns: 90, rows: 24, color: false };
  const rewards = progressAt([...runEvents(4), ...[0.25, 0.5, 1].flatMap((r, i) => rolloutEvents(4 + i, r))]);
  strictEqual(
    stepLine(rewards).replace(/ {2}\S+ left$/, ""),
    "step 7/300  reward 1.000  entropy 0.500  12.0 tokens  1.00 tool calls  25 % of groups equal  " +
      "lr 1.0e-3  norm 0.14  2,000 tokens/s generated (answering 75 %, training 25 %)",
  );
  ok(liveBlockLines(rewards, size).includes("reward 1.000 ▁▃█"));
  const pairs = progressAt([0, 0.5].flatMap((margin, i) => preferenceEvents(i, margin)));
  ok(stepLine(pairs).startsWith("step 2/300  loss 0.6931  75 % of pairs right  margin 0.500  lr"));
  ok(liveBlockLines(pairs, size).includes("margin 0.500 ▁█"));
  pairs.add(stepEvent(2)); // an update without pairs
  ok(stepLine(pairs).startsWith("step 3/300  loss 6."));
});

Deno.test("Progress.stages() names the stage that another waits for, and measures rates", () => {
  let now = 0;
  const progress = new Progress({}, () => now);
  for (now = 0; now <= 4; now++) {
    progress.add(stageEvent("source", { out: now * 10, busy: now * 0.1 }));
    progress.add(
      stageEvent("language", { in: now * 10, out: now * 5, busy: now * 0.8, blocked: now * 0.1 }),
    );
    progress.add(stageEvent("train", { in: now, out: 0, busy: now * 0.1, blocked: now * 0.9 }));
  }
  deepStrictEqual(
    progress.stages().map(({ name, perSecond, waitsFor }) => [name, Math.round(perSecond), waitsFor]),
    [["source", 10, null], ["language", 5, null], ["train", 1, "language"]],
  );
});

Deno.test("Progress.secondsLeft follows the limit that is reached first: steps, tokens or seconds", () => {
  const left = (limits: ConstructorParameters<typeof Progress>[0]) => {
    const progress = new Progress(limits, () => 0);
    [0, 1, 2, 3].forEach((step) => progress.add(stepEvent(step)));
    return progress.secondsLeft;
  };
  strictEqual(left({ steps: 10 }), 3);
  strictEqual(left({ tokens: 8 * 2048 }), 2);
  strictEqual(left({ steps: 10, seconds: 2.5 }), 0.5);
  strictEqual(left({}), null);
});

Deno.test("stepLine() shows a loss that is NaN", () => {
  const progress = new Progress({}, () => 0);
  progress.add({ ...stepEvent(0), loss: NaN } as ReturnType<typeof stepEvent>);
  ok(stepLine(progress).includes("loss NaN"));
  ok(liveBlockLines(progress, { columns: 80, rows: 20, color: true }).length > 0);
});

Deno.test("printable() removes characters that move the cursor", () => {
  strictEqual(printable("a\x1b[2Jb\r\nc\u009b5A\0"), "a\ufffd[2Jb\nc\ufffd5A\ufffd");
  deepStrictEqual(sampleLines({ type: "sample", step: 5, text: "on\ntwo", prompt: "Once up" }), [
    "sample after step 5:",
    "  Once upon",
    "  two",
  ]);
});

Deno.test("truncate() and sparkline() fit their width", () => {
  strictEqual(truncate("日本語", 4), "日…");
  strictEqual(truncate("plain", 5), "plain");
  strictEqual(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8), "▁▂▃▄▅▆▇█");
  strictEqual(sparkline([2, 2, 2], 9), "▁▁▁");
  strictEqual(sparkline(Array.from({ length: 1000 }, (_, i) => -i), 4).length, 4);
  strictEqual(sparkline([], 9), "");
  strictEqual(sparkline([1, NaN, 8, Infinity], 4), "▁×█×");
  strictEqual(sparkline([1, NaN, 8, 8], 2), "×▁"); // no mean is made from NaN
  strictEqual(sparkline([NaN], 4), "×");
});

Deno.test("count(), rate(), bytes(), time() and share() abbreviate", () => {
  deepStrictEqual([0, 999, 12345, 123456, 999_600, 1234567, 2.5e9].map(count), [
    "0",
    "999",
    "12,345",
    "123k",
    "1.0M",
    "1.2M",
    "2.5G",
  ]);
  deepStrictEqual([0, 0.05, 5.25, 1234].map(rate), ["0/s", "3.0/min", "5.3/s", "1,234/s"]);
  deepStrictEqual([0, 1023, 1536, 5 * 2 ** 30].map(bytes), ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
  deepStrictEqual([8, 80, 11100, 200000, NaN].map(time), ["8s", "1m20s", "3h05m", "2d7h", "–"]);
  deepStrictEqual([0, 0.003, 0.123].map(share), ["0 %", "0.3 %", "12 %"]);
  strictEqual(share(NaN), "NaN"); // not a percentage
});
