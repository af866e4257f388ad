import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { EvalEvent, RunEvent } from "../../../stages/flow/events.ts";
import { lossCharts } from "../../../stages/report/comparable.ts";
import { stepEvent } from "./events.ts";

const evaluation: EvalEvent = {
  type: "eval",
  step: 1,
  valLoss: 3,
  bitsPerByte: 2,
  bytes: 900,
  text: "abcdef0123",
};
const run = (first: EvalEvent = evaluation, tokenizer: string | undefined = "t") => {
  return { name: "run", tokenizer, events: [first, { ...first, step: 2, bytes: 5000 }] };
};

Deno.test("lossCharts() draws runs together that share the text and the tokenizer", () => {
  deepStrictEqual(lossCharts([run(), run({ ...evaluation, valLoss: 4 }), run()]), {
    nats: [[0, 1, 2]],
    bits: [{ text: "abcdef01", runs: [0, 1, 2] }],
    apart: null,
    policies: [],
  });
  deepStrictEqual(lossCharts([run()]), { nats: [[0]], bits: [], apart: null, policies: [] });
});

Deno.test("lossCharts() leaves out runs that have no losses, as those that failed before their first step", () => {
  const failed = {
    name: "f",
    tokenizer: "other",
    events: [{ type: "done", reason: "failed" }] as RunEvent[],
  };
  const { nats, bits, apart } = lossCharts([failed, run(), run()]);
  deepStrictEqual([nats, bits, apart], [[[1, 2]], [{ text: "abcdef01", runs: [1, 2] }], null]);
  deepStrictEqual(lossCharts([failed, run()]).nats, [[1]]);
  deepStrictEqual(lossCharts([failed, failed]), { nats: [], bits: [], apart: null, policies: [] });
});

Deno.test("lossCharts() draws losses of rewards or preferences apart from nats per token", () => {
  const preference: RunEvent = { type: "preference", step: 1, loss: 0.6, accuracy: 1, margin: 1 };
  const policy = { ...run(), events: [...run().events, preference] };
  const { nats, apart, policies } = lossCharts([run(), policy, policy]);
  deepStrictEqual([nats, policies], [[[0], [1, 2]], [1, 2]]);
  match(apart ?? "", /apart: some are losses of rewards or preferences\. Bits/);
});

Deno.test("lossCharts() compares bits per byte between tokenizers, but no nats", () => {
  const { nats, bits, apart } = lossCharts([run(), run(evaluation, "other"), run()]);
  deepStrictEqual([nats, bits], [[[0, 2], [1]], [{ text: "abcdef01", runs: [0, 1, 2] }]]);
  match(
    apart ?? "",
    /drawn apart: they have different tokenizers\. Bits per byte of the same text compare\.$/,
  );
});

Deno.test("lossCharts() compares nothing between different texts, different parts of one, and unknown ones", () => {
  const { text: _, ...unknown } = evaluation, { bitsPerByte: __, ...noBits } = evaluation;
  for (
    const [event, why] of [
      [{ ...evaluation, text: "other" }, /they were evaluated on different texts\./],
      [{ ...evaluation, bytes: 901 }, /they were evaluated on different texts\./],
      [unknown, /on no text, or on one that is not known\./],
    ] as const
  ) {
    const { nats, bits, apart } = lossCharts([run(), run(event)]);
    deepStrictEqual([nats, bits], [[[0], [1]], []]);
    match(apart ?? "", why);
  }
  const none = { name: "a", events: [stepEvent(0)] };
  deepStrictEqual(lossCharts([none, none]).nats, [[0], [1]]);
  strictEqual(lossCharts([run(), run(noBits)]).bits.length, 0);
});
