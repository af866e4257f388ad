/**
 * Tests that HellaSwag's accuracies are those of the float64 reference, row by row, and that an interrupted
 * evaluation gives the same results as an uninterrupted one.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import { compile } from "../../../kernels/core/program.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { checkStage } from "../../../stages/flow/check_resume.ts";
import { choiceRows, type TokenRow } from "../../../stages/task/choice_rows.ts";
import type { MultipleChoice } from "../../../stages/task/multiple_choice.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { trainBpe } from "../../../stages/token/train/train_bpe.ts";
import { emptyChoiceTally, scoreChoices } from "../../../stages/evaluate/choice_tally.ts";
import { evaluateModel } from "../../../stages/evaluate/evaluate_model.ts";
import {
  countTokenBytes,
  emptyLossTally,
  measureBatch,
  summarizeLoss,
} from "../../../stages/evaluate/loss_tally.ts";
import { plan } from "../../../stages/model/plan.ts";
import { scoreRows } from "../../../stages/evaluate/score_rows.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { sharedTest } from "../../shared_data.ts";

const model = gpt({ layers: 1, heads: 2, channels: 8, seqLen: 64, vocabSize: 300, vocabPad: 1 });
// A model with initial weights finds all endings almost equally likely; with weights ten times as large it
// prefers some.
const weights = Object.fromEntries(
  Object.entries(initialWeights(model, 5)).map((
    [name, { shape, data }],
  ) => [name, { shape, data: data.map((x) => 10 * x) }]),
);

/**
 * Computes losses on the float64 engine. Each row has a program of its own with exactly its length, so there
 * is neither padding nor another row.
 */
class Reference {
  readonly #programs = new Map<number, ReturnType<typeof compile>>();

  async score({ ids, from }: TokenRow): Promise<number> {
    const length = ids.length - 1, shape = [1, length];
    const program = this.#programs.get(length) ?? compile("row", graphOf(length));
    this.#programs.set(length, program);
    await using session = await openReference().open([program], weights);
    session.write({ tokens: { shape, data: ids.slice(0, -1) }, targets: { shape, data: ids.slice(1) } });
    await session.run(["row"]);
    const { losses } = await session.read(["losses"]);
    return [...losses.data.subarray(from - 1)].reduce((sum, x) => sum + x, 0);
  }
}

function graphOf(length: number): Graph {
  const graph = new Graph();
  const leaf = (label: string) => graph.leaf(label, { shape: [1, length], dtype: "u32" }, "input");
  graph.output(
    "losses",
    model.losses(new RootScope(graph), { tokens: leaf("tokens"), targets: leaf("targets") }),
  );
  return graph;
}

sharedTest("scoreChoices() finds the reference's accuracies on 200 items exactly", [
  "tasks/hellaswag_200.jsonl",
], async (path) => {
  const text = await Deno.readTextFile(path("tasks/hellaswag_200.jsonl"));
  const items: MultipleChoice[] = text.trim().split("\n").map((line) => {
    const { ctx, endings, label } = JSON.parse(line);
    return { context: ctx, endings, label };
  });
  const { tokenizer } = await trainBpe(items.map(({ context }) => context), { vocabSize: 300 });
  const reference = new Reference();
  const expected = emptyChoiceTally(), sums: number[] = [];
  for (const item of items) {
    const rows = choiceRows(item, { tokenizer, seqLen: 64 });
    const own = await Promise.all(rows.map((row) => reference.score(row)));
    sums.push(...own);
    const means = own.map((sum, i) => sum / (rows[i].ids.length - rows[i].from));
    expected.items++;
    if (own.indexOf(Math.min(...own)) === item.label) expected.right++;
    if (means.indexOf(Math.min(...means)) === item.label) expected.rightNorm++;
  }
  const planned = plan({ model, scoring: { tokens: 512 } });
  await using session = await openModel(await openCpu({ threads: 2 }), { plan: planned, weights });
  const tally = emptyChoiceTally();
  for (let i = 0; i < items.length; i += 50) {
    await scoreChoices(items.slice(i, i + 50), { model: session, tokenizer, tally });
  }
  deepStrictEqual(tally, expected);
  ok(tally.right !== tally.rightNorm && tally.right > 20, JSON.stringify(tally));
  const scores = await scoreRows(
    session,
    items.flatMap((item) => [...choiceRows(item, { tokenizer, seqLen: 64 })]),
  );
  scores.forEach(({ sum }, i) =>
    ok(Math.abs(sum - sums[i]) < 1e-4 * sums[i], `row ${i}: ${sum}, wanted ${sums[i]}`)
  );
});

const tokenizer = byteTokenizer();
const questions: MultipleChoice[] = Array.from({ length: 5 }, (_, i) => ({
  context: `question ${i}`,
  endings: ["a", "some longer ending", `${i} and ${i}`].slice(0, 2 + i % 2),
  label: i % 2,
}));

Deno.test("scoreRows() gives the same results on WebGPU, and refuses rows that it cannot score", async () => {
  const planned = plan({ model, scoring: { tokens: 128 } });
  const rows = questions.flatMap((item) => [...choiceRows(item, { tokenizer, seqLen: 64 })]);
  await using cpu = await openModel(await openCpu({ threads: 2 }), { plan: planned, weights });
  await using gpu = await openModel(await openWebgpu(), { plan: planned, weights });
  const [a, b] = [await scoreRows(cpu, rows), await scoreRows(gpu, rows)];
  a.forEach(({ sum, count }, i) => ok(Math.abs(sum - b[i].sum) < 1e-3 && count === b[i].count));
  const row = (length: number, from: number) => [{ ids: new Uint32Array(length), from }];
  await rejects(scoreRows(cpu, row(66, 1)), /row 1: it has 66 tokens/);
  await rejects(scoreRows(cpu, row(3, 3)), RangeError);
  await rejects(scoreRows(cpu, row(3, 0)), RangeError);
});

Deno.test("evaluateModel() gives the same results when interrupted at any point", async () => {
  const tokens = Uint32Array.from({ length: 300 }, (_, i) => (i * i * 7 + 3 * i) % 256);
  const planned = plan({ model, evaluation: { batch: 1, seqLen: 64 }, scoring: { tokens: 128 } });
  const options = {
    plan: planned,
    weights,
    step: 7,
    tokens,
    tokenBytes: countTokenBytes(tokenizer),
    tokenizer,
  };
  const stage = () => evaluateModel({ ...options, engine: () => openCpu({ threads: 1 }) });
  await checkStage(stage(), [0, 1, 2, 3, 4, ...questions]);
});

Deno.test("summarizeLoss() counts special tokens for the loss but not for bits per byte", async () => {
  const planned = plan({ model, evaluation: { batch: 1, seqLen: 4 } });
  await using session = await openModel(await openCpu({ threads: 1 }), { plan: planned, weights });
  const end = tokenizer.special.get("<|endoftext|>")!;
  const tokens = Uint32Array.of(65, 66, end, 67, 68);
  const losses = [...await session.losses(tokens.slice(0, 4), tokens.slice(1))];
  const tally = emptyLossTally();
  await measureBatch(session, { tokens, batch: 0, tally, tokenBytes: countTokenBytes(tokenizer) });
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b);
  const found = summarizeLoss(tally);
  strictEqual(found.loss, sum(losses) / 4);
  strictEqual(found.perplexity, Math.exp(sum(losses) / 4));
  ok(Math.abs(found.bitsPerByte! - sum([losses[0], losses[2], losses[3]]) / Math.LN2 / 3) < 1e-12);
});
