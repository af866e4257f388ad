/**
 * Tests how time is split among the stages of a segment, with a clock that the test sets.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { SegmentClock } from "../../../../stages/flow/run/segment_clock.ts";
import { StageMeter } from "../../../../stages/flow/run/stage_meter.ts";

/** Calls `work` with a function that lets milliseconds pass. */
function withClock(work: (pass: (milliseconds: number) => void) => void): void {
  const { now } = performance;
  let time = 1000;
  performance.now = () => time;
  try {
    work((milliseconds) => void (time += milliseconds));
  } finally {
    performance.now = now;
  }
}

const near = (actual: number, expected: number, about: string): void =>
  ok(Math.abs(actual - expected) < 1e-6 * expected + 1e-9, `${about}: ${actual}, expected ${expected}`);

Deno.test("SegmentClock gives each stage the time in which it is the owner, if items are slow", () => {
  withClock((pass) => {
    const source = new StageMeter("source"),
      stage = new StageMeter("stage"),
      clock = new SegmentClock(source);
    for (let item = 0; item < 5; item++) {
      pass(3);
      const before = clock.enter(stage);
      strictEqual(before, source);
      pass(7);
      clock.enter(before);
      clock.lap();
    }
    deepStrictEqual([source.busy, stage.busy, source.sample, stage.sample], [15, 35, 0, 0]);
  });
});

Deno.test("SegmentClock splits all time of quick items in the proportion of the items that it times", () => {
  withClock((pass) => {
    const source = new StageMeter("source"),
      stage = new StageMeter("stage"),
      clock = new SegmentClock(source);
    for (let item = 0; item < 160; item++) { // one item in 16 is timed
      pass(0.001);
      clock.enter(stage);
      pass(0.003);
      clock.enter(source);
      clock.lap();
    }
    clock.resume();
    near(source.busy, 0.16, "source");
    near(stage.busy, 0.48, "stage");
  });
});

Deno.test("SegmentClock counts a long wait for its owner alone, and not for the items that are not timed", () => {
  withClock((pass) => {
    const source = new StageMeter("source"),
      stage = new StageMeter("stage"),
      clock = new SegmentClock(source);
    for (let item = 0; item < 16; item++) {
      pass(0.001);
      clock.enter(stage);
      pass(0.003);
      if (item === 8) {
        const since = clock.wait();
        pass(500);
        clock.waited(since);
      }
      clock.enter(source);
      clock.lap();
    }
    clock.resume();
    near(source.busy, 0.016, "source");
    near(stage.busy, 500.048, "stage");
  });
});

Deno.test("SegmentClock.due() is true after more than 10 ms of work, until the turn", () => {
  withClock((pass) => {
    const clock = new SegmentClock(new StageMeter("source"));
    const due = () => Array.from({ length: 16 }, () => clock.due()).includes(true); // every 16th call reads
    strictEqual(due(), false);
    pass(10);
    strictEqual(due(), false);
    pass(1);
    strictEqual(due(), true);
  });
});
