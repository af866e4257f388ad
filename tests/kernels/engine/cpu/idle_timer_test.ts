import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { IdleTimer } from "../../../../kernels/engine/cpu/idle_timer.ts";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

Deno.test("IdleTimer calls once, after a time without work, and not during work that takes longer", async () => {
  const calls: string[] = [];
  let now = "before work";
  const timer = new IdleTimer(50, () => calls.push(now));
  timer.start();
  timer.start();
  now = "during work";
  await timer.during(() => wait(200));
  now = "just after work";
  await timer.during(() => Promise.resolve());
  await wait(1);
  now = "later";
  await wait(300);
  deepStrictEqual(calls, ["later"]);
});

Deno.test("IdleTimer counts a failure as the end of work, and does not call after stop()", async () => {
  let calls = 0;
  const timer = new IdleTimer(20, () => calls++);
  timer.start();
  await timer.during(() => Promise.reject(new Error("failed"))).catch(() => {});
  await wait(200);
  strictEqual(calls, 1);
  timer.start();
  timer.stop();
  await wait(100);
  strictEqual(calls, 1);
});
