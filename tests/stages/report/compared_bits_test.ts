import { match, strictEqual } from "node:assert/strict";
import { whyBitsApart } from "../../../stages/report/compared_bits.ts";
import type { EvalEvent } from "../../../stages/flow/events.ts";

const evaluated = (name: string, change: Partial<EvalEvent> = {}) => {
  const event: EvalEvent = {
    type: "eval",
    step: 2,
    valLoss: 3,
    bitsPerByte: 2,
    bytes: 900,
    text: "abcdef0123",
  };
  return { name, events: [{ ...event, step: 1, text: "first" }, { ...event, ...change }] };
};

Deno.test("whyBitsApart() is null for last evaluations on the same text only", () => {
  strictEqual(whyBitsApart([evaluated("a"), evaluated("b", { bitsPerByte: 1.5 })]), null);
  for (const [name, change] of Object.entries({ text: { text: "other" }, bytes: { bytes: 901 } })) {
    const said = whyBitsApart([evaluated("a"), evaluated("b", change)]) ?? "";
    match(
      said,
      /^Bits per byte are not compared.*a: 900 bytes of text abcdef01, b: .*eval --checkpoint RUN --source URI$/,
      name,
    );
  }
  const old = { type: "eval", step: 2, valLoss: 3, bitsPerByte: 2 } as const; // by an earlier version
  match(whyBitsApart([{ name: "a", events: [old] }, { name: "b", events: [old] }]) ?? "", /an unknown text/);
  strictEqual(whyBitsApart([evaluated("a"), { name: "b", events: [] }]), null);
});
