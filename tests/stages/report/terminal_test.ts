import { deepStrictEqual, ok } from "node:assert/strict";
import { liveDisplay, plainDisplay, type Screen } from "../../../stages/report/terminal.ts";
import { rolloutEvents, runEvents, stageEvent, stepEvent } from "./events.ts";

function fakeScreen(): Screen & { text: string; columns: number; at: number } {
  return {
    text: "",
    columns: 80,
    at: 0,
    color: false,
    write(text) {
      this.text += text;
    },
    size() {
      return { columns: this.columns, rows: 24 };
    },
    now() {
      return this.at;
    },
  };
}

Deno.test("both displays say once that a checkpoint was taken, though it is taken again, and which answers gave no update", () => {
  for (const make of [plainDisplay, liveDisplay]) {
    const screen = fakeScreen(), display = make(screen, { limits: {}, every: 1 });
    const taken = (step: number) =>
      display.show({ type: "checkpoint", step, path: `runs/a/step-${step}`, seconds: 1 });
    [2, 2, 3].forEach(taken);
    const [rollout] = rolloutEvents(3, 0.25);
    if (rollout.type !== "rollout") throw new Error("no rollout");
    display.show(rollout);
    display.show({ ...rollout, withoutUpdate: true });
    display.close();
    const lines = screen.text.split("\n");
    deepStrictEqual(lines.filter((line) => line.includes("checkpoint after")).length, 2);
    deepStrictEqual(
      lines.filter((line) => line.includes("no update")).map((line) =>
        line.slice(line.indexOf("no update")).trim()
      ),
      [
        "no update, as the answers teach nothing  reward 0.250  entropy 0.500  12.0 tokens  " +
        "0.25 tool calls  25 % of groups equal",
      ],
    );
  }
});

Deno.test("plainDisplay() prints the first, every N-th and the last step, evaluations and samples, without escapes", () => {
  const screen = fakeScreen();
  const display = plainDisplay(screen, { limits: { steps: 47 }, every: 20 });
  runEvents(47).forEach((event) => display.show(event));
  display.say("a word");
  const lines = screen.text.trimEnd().split("\n");
  deepStrictEqual(lines.filter((line) => line.startsWith("step")).map((line) => line.split(" ")[1]), [
    "1/47",
    "20/47",
    "40/47",
    "47/47",
  ]);
  ok(lines.includes("validation after step 20: loss 5.0000, 2.200 bits per byte, unigram model 6.5000"));
  ok(lines.includes("  The generated text"));
  ok(lines.includes("a word"));
  ok(!screen.text.includes("\x1b"));
});

Deno.test("plainDisplay() prints a line on the data stages every 10 seconds before training starts", () => {
  const screen = fakeScreen();
  const display = plainDisplay(screen, { limits: {}, every: 10 });
  for (screen.at = 0; screen.at <= 30; screen.at++) display.show(stageEvent("source", { out: screen.at }));
  deepStrictEqual(screen.text.match(/data: /g)?.length, 3);
});

Deno.test("liveDisplay() redraws in place, also in a narrower terminal, and shows the cursor again at the end", () => {
  const screen = fakeScreen();
  const display = liveDisplay(screen, { limits: { steps: 10 } });
  try {
    display.show({ type: "run", pipeline: "small", device: "cpu" });
    display.show(stepEvent(0));
    display.say("first");
    screen.text = "";
    display.say("second");
    ok(screen.text.startsWith("\x1b[?25l\x1b[4A\r\x1b[Jsecond\n"), JSON.stringify(screen.text));
    screen.columns = 20; // wraps the lines drawn before
    screen.text = "";
    display.say("third");
    const up = Number.parseInt(screen.text.split("\x1b[?25l\x1b[")[1]);
    ok(up > 4, JSON.stringify(screen.text));
  } finally {
    display.close();
  }
  ok(screen.text.endsWith("\x1b[?25h"));
  const before = screen.text;
  display.close();
  deepStrictEqual(screen.text, before);
});

Deno.test("liveDisplay() prints notes and paths whole, also in a narrow terminal: they hold what a user types", () => {
  const screen = fakeScreen();
  screen.columns = 40;
  const display = liveDisplay(screen, { limits: { steps: 10 } });
  const command = `Training would be faster: deno task native train --train-shards ${
    "folder/".repeat(20)
  }x.bin`;
  const path = `runs/${"name/".repeat(20)}step-000005`;
  try {
    display.show({ type: "note", text: command });
    display.show({ type: "checkpoint", step: 5, path, seconds: 1 });
  } finally {
    display.close();
  }
  ok(screen.text.includes(`${command}\n`) && screen.text.includes(`${path}\n`), screen.text);
});
