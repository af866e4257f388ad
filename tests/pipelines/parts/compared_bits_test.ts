import { match, strictEqual } from "node:assert/strict";
import { comparedBits } from "../../../pipelines/parts/compared_bits.ts";
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

Deno.test("comparedBits() compares the last evaluations of runs on the same text only", () => {
  strictEqual(comparedBits([evaluated("a"), evaluated("b", { bitsPerByte: 1.5 })]), "a: 2.000, b: 1.500");
  for (const [name, change] of Object.entries({ text: { text: "other" }, bytes: { bytes: 901 } })) {
    const said = comparedBits([evaluated("a"), evaluated("b", change)]) ?? "";
    match(
      said,
      /^not compared.*a: 900 bytes of text abcdef01, b: .*eval --checkpoint RUN --source URI$/,
      name,
    );
  }
  const old = { type: "eval", step: 2, valLoss: 3, bitsPerByte: 2 } as const; // by an earlier version
  match(comparedBits([{ name: "a", events: [old] }, { name: "b", events: [old] }]) ?? "", /an unknown text/);
  strictEqual(comparedBits([evaluated("a"), { name: "b", events: [] }]), null);
});
