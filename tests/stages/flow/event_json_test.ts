import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { decodeEvent, encodeEvent, measuredFields } from "../../../stages/flow/event_json.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { inspectEvent } from "../report/events.ts";

const step = { type: "step", step: 3, lr: 1e-3, tokens: 4, tokensPerSecond: 5, elapsed: 6 } as const;

Deno.test("encodeEvent() writes NaN and infinity as words, and decodeEvent() reads them back", () => {
  const events: RunEvent[] = [
    { ...step, loss: NaN, gradNorm: Infinity },
    { ...step, loss: -Infinity, gradNorm: 0.1 },
    { type: "eval", step: 1, valLoss: NaN, bitsPerByte: -Infinity, unigramLoss: 2 },
    { type: "hellaswag", step: 1, accuracy: NaN, accuracyNorm: NaN, items: 5 },
  ];
  for (const event of events) deepStrictEqual(decodeEvent(encodeEvent(event)), event);
  strictEqual(
    encodeEvent(events[0]),
    '{"type":"step","step":3,"lr":0.001,"tokens":4,"tokensPerSecond":5,"elapsed":6,"loss":"NaN","gradNorm":"Infinity"}',
  );
});

Deno.test("decodeEvent() leaves texts alone that are those words", () => {
  const events: RunEvent[] = [
    { type: "sample", step: 1, text: "NaN", prompt: "Infinity" },
    { type: "note", text: "-Infinity" },
    { type: "run", pipeline: "NaN", device: "Infinity" },
  ];
  for (const event of events) deepStrictEqual(decodeEvent(encodeEvent(event)), event);
});

Deno.test("decodeEvent() reads null, as earlier versions wrote NaN, and refuses lines that are no event", () => {
  deepStrictEqual(decodeEvent('{"type":"step","step":0,"loss":null,"gradNorm":null}'), {
    type: "step",
    step: 0,
    loss: NaN,
    gradNorm: NaN,
  });
  for (const line of ["", "null", "1", "{}", '{"type":1}', '{"type":"step","st']) {
    strictEqual(decodeEvent(line), null, line);
  }
});

Deno.test("every measured number of an inspection is among the measured fields", () => {
  const spoiled = JSON.parse(JSON.stringify(inspectEvent(2, "name")), (key, value) => {
    return typeof value === "number" && !["step", "counts"].includes(key) && !/^\d+$/.test(key) ? NaN : value;
  });
  deepStrictEqual(decodeEvent(encodeEvent(spoiled)), spoiled);
  strictEqual(new Set(measuredFields).size, measuredFields.length);
});

Deno.test("encodeEvent() writes no lone surrogates, which cut texts may end with", () => {
  strictEqual(
    encodeEvent({ type: "sample", step: 1, text: "a\ud83d", prompt: "😀" }),
    '{"type":"sample","step":1,"text":"a\ufffd","prompt":"😀"}',
  );
});
