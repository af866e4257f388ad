import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { eventsOf, historyAt, type RunValues } from "../../../stages/run/history.ts";

const values = (lr: number, machine: RunValues["machine"] = {}): RunValues => ({ options: { lr }, machine });

Deno.test("historyAt() adds what changed, and takes back changes after the checkpoint", () => {
  const same = historyAt(10, { earlier: [], before: values(1), now: values(1) });
  deepStrictEqual(same, { history: [], entry: null });
  const first = historyAt(10, { earlier: [], before: values(1), now: values(2) });
  deepStrictEqual(first.history, [{ step: 10, options: { lr: [1, 2] } }]);
  // No checkpoint was taken since: the change is made again.
  const again = historyAt(10, { earlier: first.history, before: values(2), now: values(2) });
  deepStrictEqual(again, first);
  const second = historyAt(20, { earlier: first.history, before: values(2), now: values(3) });
  deepStrictEqual(second.history, [...first.history, { step: 20, options: { lr: [2, 3] } }]);
  // Back to a checkpoint before both changes, with the value of the first part.
  deepStrictEqual(historyAt(5, { earlier: second.history, before: values(3), now: values(1) }), same);
  deepStrictEqual(historyAt(5, { earlier: second.history, before: values(3), now: values(3) }).history, [
    { step: 5, options: { lr: [1, 3] } },
  ]);
});

Deno.test("historyAt() keeps where a run was branched off, also where nothing else has changed", () => {
  const origin = { step: 10, from: "trunk/checkpoints/step-000010" };
  const first = historyAt(10, { earlier: [origin], before: values(1), now: values(2) });
  deepStrictEqual(first.history, [{ ...origin, options: { lr: [1, 2] } }]);
  deepStrictEqual(historyAt(10, { earlier: first.history, before: values(2), now: values(1) }).history, [
    origin,
  ]);
  const later = historyAt(20, { earlier: first.history, before: values(2), now: values(2) });
  deepStrictEqual(later, { history: first.history, entry: null });
  const [note] = eventsOf(origin);
  ok(note.type === "note" && note.text.includes(origin.from));
});

Deno.test("a resume on another device, thread count or version says whether bits can be equal", () => {
  const before = { device: "cpu: WASM SIMD", threads: 2, deno: "2.9.5" };
  const textOf = (now: RunValues["machine"]): string | null => {
    const { entry } = historyAt(1, { earlier: [], before: values(1, before), now: values(1, now) });
    if (entry === null) return null;
    const [event] = eventsOf(entry);
    return event.type === "note" ? event.text : null;
  };
  strictEqual(textOf(before), null);
  match(textOf({ ...before, threads: 4 }) ?? "", /4 threads instead of 2: .* equal bit for bit/);
  match(textOf({ ...before, deno: "2.9.6" }) ?? "", /deno 2\.9\.5 → 2\.9\.6: .* bits may differ/);
  match(textOf({ ...before, device: "webgpu: x", threads: 4 }) ?? "", /device .* → webgpu: x: .* may differ/);
});
