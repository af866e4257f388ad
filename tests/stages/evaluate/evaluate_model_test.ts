import { deepStrictEqual, match, rejects } from "node:assert/strict";
import { openEngine } from "../../../kernels/engine/open.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { evaluateModel } from "../../../stages/evaluate/evaluate_model.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { from } from "../../../stages/flow/flow.ts";
import { plan } from "../../../stages/model/plan.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { evalLine, hellaswagLine } from "../../../stages/report/event_lines.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";

const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 32, vocabSize: 257 });
const planned = plan({ model, evaluation: { batch: 1, seqLen: 32 }, scoring: { tokens: 64 } });
const item = { context: "a", endings: [" b", " c", " d", " e"], label: 0 };

/** Evaluates a model whose embedding has `value` everywhere, on one batch and two items. */
async function evaluated(value: number | null): Promise<{ events: RunEvent[]; ended: Promise<unknown> }> {
  const { engine } = await openEngine("cpu");
  const weights = initialWeights(model, 1), events: RunEvent[] = [];
  if (value !== null) weights["wte.weight"].data.fill(value);
  const tokens = byteTokenizer().encode("We the People of the United States");
  const stage = evaluateModel({
    engine: () => Promise.resolve(engine),
    plan: planned,
    weights,
    step: 0,
    tokens,
    tokenBytes: () => 1,
    tokenizer: byteTokenizer(),
  });
  const ended = from([0, item, item]).pipe(stage).run({ onEvent: (event) => events.push(event) });
  await ended.catch(() => {});
  return { events, ended };
}

Deno.test("evaluateModel() gives no accuracy for a model whose losses are NaN or infinite, and fails after its events", async () => {
  for (const value of [NaN, Infinity]) {
    const { events, ended } = await evaluated(value);
    await rejects(ended, {
      message:
        /the validation loss is NaN, and for 2 of 2 HellaSwag items the loss of an ending is NaN.*--checkpoint$/,
    });
    const lines = events.flatMap((event) =>
      event.type === "eval" ? [evalLine(event)] : event.type === "hellaswag" ? [hellaswagLine(event)] : []
    );
    deepStrictEqual(lines, [
      "validation after step 0: loss NaN, NaN bits per byte",
      "HellaSwag after step 0: NaN, normalized by length NaN, 2 items",
    ]);
  }
  const { events, ended } = await evaluated(null);
  await ended;
  const found = events.find((event) => event.type === "hellaswag");
  match(
    found === undefined ? "" : hellaswagLine(found),
    /^HellaSwag after step 0: \d+ %, .* \d+ %, 2 items$/,
  );
});
