import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { SpeedMeter } from "../../../stages/train/open_schedule.ts";

/**
 * Makes updates of `seconds` each, the first of which takes `first`. Returns the number of updates after
 * which the length was determined, and the length.
 */
function lengthOf(
  { limit, seconds, first = seconds, share = 1, step = 0, elapsed = 0 }: {
    readonly limit: number;
    readonly seconds: number;
    readonly first?: number;
    readonly share?: number;
    readonly step?: number;
    readonly elapsed?: number;
  },
): readonly [after: number, length: number] | null {
  const meter = new SpeedMeter(limit);
  for (let made = 1, time = elapsed; time < limit; made++) {
    time += made === 1 ? first : seconds;
    const progress = { step: step + made, elapsed: time };
    const length = meter.updated(progress) ? meter.measure(progress, share) : null;
    if (length !== null) return [made, length];
  }
  return null;
}

Deno.test("SpeedMeter plans the rest of the time after 20 updates, without the first of the process", () => {
  deepStrictEqual(lengthOf({ limit: 100, seconds: 1 }), [21, 100]);
  deepStrictEqual(lengthOf({ limit: 100, seconds: 1, first: 29 }), [21, 72]);
  deepStrictEqual(lengthOf({ limit: 121, seconds: 1, share: 0.5 }), [21, 71]);
  // A run that was interrupted before its length was determined measures again.
  deepStrictEqual(lengthOf({ limit: 100, seconds: 1, step: 12, elapsed: 10 }), [21, 12 + 90]);
});

Deno.test("SpeedMeter measures slow updates for half of the time, and at least one", () => {
  deepStrictEqual(lengthOf({ limit: 20, seconds: 2 }), [5, 10]);
  deepStrictEqual(lengthOf({ limit: 10, seconds: 6 }), [2, 3]);
  strictEqual(lengthOf({ limit: 5, seconds: 6 }), null);
});
