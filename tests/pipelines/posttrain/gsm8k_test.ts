/**
 * Tests GSM8K from its file to rewards: all its problems are read, its own solutions are right, prompts and
 * masks are those of a chat, and a run answers held-out problems.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { openTask } from "../../../pipelines/parts/posttrain/tasks.ts";
import { contentText } from "../../../stages/chat/conversation.ts";
import { heldOutFrom } from "../../../stages/task/verified/task.ts";
import { sharedTest } from "../../shared_data.ts";
import { runsHere, withShard } from "../in_process.ts";
import { eventsOf } from "../program.ts";

const GSM8K = "tasks/gsm8k_test.jsonl", LLAMA = "golden/models/llama/model.safetensors";

sharedTest("every problem of GSM8K is read, and its own solution is right", [GSM8K], async (path) => {
  const { task } = await openTask("gsm8k", [path(GSM8K)]);
  equal(task.size, 1319);
  equal(heldOutFrom(task), 1319 - 131);
  const lines = (await Deno.readTextFile(path(GSM8K))).trim().split("\n").map((line) => JSON.parse(line));
  for (const [index, { question, answer }] of lines.entries()) {
    const item = await task.item(index), [solution] = item.solutions ?? [];
    deepEqual(item.messages, [{ role: "user", content: question }]);
    const number = answer.slice(answer.lastIndexOf("####") + 5).replaceAll(",", "");
    equal(Number(item.answer), Number(number), question);
    const text = contentText(solution);
    ok(!text.includes("<<"), text);
    deepEqual(await task.reward(item, text), { correct: 1, format: 0.1 }, question);
    const other = String(Number(number) + 1);
    deepEqual(await task.reward(item, `It is ${number}.\n#### ${other}`), { correct: 0, format: 0.1 });
    deepEqual(await task.reward(item, `The answer is $${number}.`), { correct: 1, format: 0 });
    deepEqual(await task.reward(item, "I do not know"), { correct: 0, format: 0 });
  }
  // Numbers as models write them.
  const [janet] = lines, item = await task.item(0);
  match(janet.answer, /#### 18$/);
  for (const text of ["#### 18", "####18", "#### $18", "#### 18.00", "#### 18.", "so 9 * 2 = 18 dollars"]) {
    const { correct } = await task.reward(item, text);
    equal(correct, 1, text);
  }
});

sharedTest(
  "sft and rl take GSM8K from its file: prompts, masks, checks of held-out problems, rewards",
  [GSM8K, LLAMA],
  async (path) => {
    await withShard(async (dir) => {
      const model = path("golden/models/llama"), quick = "--device cpu --workers 1 --no-color";
      // Problems are longer than the context of the tokenizer's own model.
      await runsHere(
        0,
        `train --train-shards ${dir}/train.bin --vocab-size 320 --layers 1 --heads 1 --channels 8 --seq-len 768 ` +
          `--vocab-pad 1 --batch-size 1 --steps 1 --eval-every 0 --sample-every 0 --quiet --out ${dir}/base ${quick}`,
      );
      const args = `--init-from ${dir}/base --tokenizer ${model} --template chatml --task gsm8k ` +
        `--source ${path(GSM8K)} --seq-len 768 ${quick}`;
      const { out } = await runsHere(0, `sft ${args} --inspect 1`);
      match(
        out,
        /<\|im_start\|>user\nJanet’s ducks lay 16 eggs per day\..*<\|im_end\|>\n<\|im_start\|>assistant/,
      );
      match(out, /⟦Janet sells 16 - 3 - 4 = 9 duck eggs a day\.[^⟧]*#### 18<\|im_end\|>⟧/);
      await runsHere(
        0,
        `sft ${args} --batch-size 1 --steps 2 --check-every 2 --check-items 2 --quiet --out ${dir}/sft`,
      );
      const checks = (await eventsOf(`${dir}/sft`)).filter(({ type }) => type === "task");
      deepEqual(checks.map(({ step, task, items, reward }) => [step, task, items, reward]), [
        [0, "gsm8k", 2, 0],
        [2, "gsm8k", 2, 0],
      ]);
      const samples = (await eventsOf(`${dir}/sft`)).filter(({ type }) => type === "sample");
      const first = JSON.parse((await Deno.readTextFile(path(GSM8K))).split("\n")[1319 - 131]).question;
      ok(samples[0].prompt.includes(first), samples[0].prompt);
      // A model of random weights finds no answer, so that no update of rl has a gradient.
      const { err } = await runsHere(
        1,
        `rl ${args} --tools none --batch-size 2 --group 2 --max-tokens 4 --steps 1 --check-every 0 --out ${dir}/rl`,
      );
      match(err, /Nothing to learn: in 20 updates in a row/);
      const rollouts = (await eventsOf(`${dir}/rl`)).filter(({ type }) => type === "rollout");
      deepEqual(rollouts.map(({ parts }) => parts), Array(20).fill({ correct: 0, format: 0 }));
      const asked = rollouts.map(({ best }) => Number(/gsm8k_test\.jsonl:(\d+): /.exec(best)?.[1]));
      ok(new Set(asked).size === 20 && asked.every((line) => line <= 1319 - 131), `${asked}`);
    });
  },
);
