/**
 * Tests the tools of rl: what is forced is never trained, tools of a model with a Jinja template, the folder
 * of search, and what is refused.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { folderTexts } from "../../../pipelines/parts/posttrain/folder_texts.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { CHATML } from "../../../stages/chat/template/choose.ts";
import { nanochatTemplate, nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { rolloutBatch } from "../../../stages/rl/rollout_batch.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { ToolCalls } from "../../../stages/tool/tool_calls.ts";
import { engines } from "../../stages/train/engines.ts";
import { sharedTest } from "../../shared_data.ts";
import { runsHere } from "../in_process.ts";
import { errorLine, withFolder } from "../program.ts";

const LLAMA = "golden/models/llama/model.safetensors";

const shape = [1, 8, 24] as const;
const tokenizer = new CharTokenizer([..."abcdefghijklmnopqrst7"], nanochatTokens);
const [seven] = tokenizer.encodeOrdinary("7"), before = new Set(tokenizer.encodeOrdinary("abcdef"));

/** Answers two questions four times each. After some letters two tokens are forced. */
async function rollout(question: (index: number) => string) {
  const { vocabSize } = tokenizer;
  const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 25, vocabSize, vocabPad: 1 });
  const training = { optimizer: sgd(), shape, clip: 0, weighted: true };
  const planned = plan({ model, training, sampling: { texts: 8 }, evaluation: { batch: 8, seqLen: 24 } });
  await using session = await openModel(await engines.cpu(), {
    plan: planned,
    weights: initialWeights(model, 1),
  });
  const task = {
    name: "letters",
    item: (index: number) => ({
      id: `${index}`,
      messages: [{ role: "user" as const, content: question(index) }],
      answer: "",
    }),
    reward: (_: unknown, text: string) => ({ length: text.length }),
  };
  const hand = () =>
    Object.assign(new ToolCalls([]), {
      after: (id: number) => Promise.resolve(before.has(id) ? [seven, seven] : []),
    });
  return await rolloutBatch(session, [0, 1], {
    tokenizer,
    template: nanochatTemplate(tokenizer),
    task,
    group: 4,
    shape,
    seed: 3,
    maxTokens: 20,
    loss: { algorithm: "grpo" },
    scale: "group",
    maskCutOff: false,
    reference: null,
    stopping: () => false,
    toolbox: { hand, announce: (asked) => asked },
  });
}

Deno.test("a question longer than a sequence is left out of its update, and refused where all are", async () => {
  const { batch, event } = await rollout((index) => index === 0 ? "ab" : "a".repeat(21));
  equal(event.tooLong, 0.5);
  ok(batch?.mask !== undefined && batch.mask.subarray(0, 4 * 24).some((weight) => weight !== 0));
  deepEqual(batch.mask.subarray(4 * 24), new Float32Array(4 * 24));
  ok(event.minLength > 0, "answers that were not asked for are not counted");
  const fits = await rollout((index) => index === 0 ? "ab" : "a".repeat(20));
  equal(fits.event.tooLong, undefined);
  await rejects(
    rollout(() => "a".repeat(21)),
    /Question 0 of letters has 25 tokens, and a sequence 24: give/,
  );
});

Deno.test("tokens that a tool forces have no weight in the update, and all others have", async () => {
  const { batch } = await rollout(() => "ab");
  ok(batch?.mask !== undefined);
  const prompt = 5; // bos, user_start, a, b, user_end, assistant_start: the first target is the second id
  const { ends } = nanochatTemplate(tokenizer);
  let forced = 0, chosen = 0, ended = 0;
  for (let row = 0; row < 8; row++) {
    const weights: readonly number[] = Array.from(batch.mask.subarray(row * 24, (row + 1) * 24));
    const ids: readonly number[] = Array.from(batch.targets.subarray(row * 24, (row + 1) * 24));
    const last = weights.findLastIndex((weight) => weight !== 0);
    deepEqual(weights.slice(0, prompt), Array(prompt).fill(0));
    ended += Number(ends.has(ids[last])); // ending is learned too
    for (let t = prompt; t <= last; t++) {
      const isForced = t > 6 && ids[t] === seven &&
        (before.has(ids[t - 1]) || ids[t - 1] === seven && before.has(ids[t - 2]));
      equal(weights[t] === 0, isForced, `row ${row}, token ${t}`);
      forced += Number(isForced);
      chosen += Number(!isForced);
    }
  }
  ok(forced > 0 && chosen > forced && ended > 0, `${forced} forced, ${chosen} chosen, ${ended} ended`);
});

sharedTest(
  "rl lets a model with a Jinja template call tools, and says which options tools need",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      const model = path("golden/models/llama");
      await Deno.writeTextFile(
        `${dir}/task.ts`,
        `export default {
        name: "short",
        item: (index: number) => ({ id: String(index), messages: [{ role: "user", content: "go" }], answer: "" }),
        reward: (_: unknown, text: string) => ({ length: text.length % 3 }),
      };`,
      );
      await Deno.mkdir(`${dir}/notes`);
      await Deno.writeTextFile(`${dir}/notes/a.txt`, "Lima is the capital of Peru.");
      await Deno.writeTextFile(`${dir}/memory.json`, '{"facts":["f"]}');
      // A template that writes the tools in one character, so that a short sequence has room for them.
      await Deno.writeTextFile(`${dir}/chat.jinja`, `{% if tools %}T{% endif %}${CHATML}`);
      const args =
        `rl --init-from ${model} --template ${dir}/chat.jinja --lora 2 --device cpu --workers 1 --quiet ` +
        `--batch-size 4 --group 2 --seq-len 128 --max-tokens 6 --check-every 0 --steps 1 --task ${dir}/task.ts`;
      const tools =
        `--tools calculator,code,search,memory --search-folder ${dir}/notes --memory ${dir}/memory.json`;
      await runsHere(0, `${args} ${tools} --steps 2 --checkpoint-every 1 --out ${dir}/run`);
      // A resumed run refuses another folder's content, which would give other answers.
      await Deno.writeTextFile(`${dir}/notes/b.txt`, "Another note.");
      match(
        errorLine(await runsHere(1, `${args} ${tools} --steps 3 --out ${dir}/run`)),
        /Cannot resume: what the tools know has changed since the run began: put it back/,
      );
      await Deno.remove(`${dir}/notes/b.txt`);
      await runsHere(0, `${args} ${tools} --steps 3 --out ${dir}/run`);
      const refused: readonly [string, RegExp][] = [
        ["--tools search", /The tool search needs --search-folder DIR/],
        ["--tools memory", /The tool memory needs --memory FILE/],
        [`--tools search --search-folder ${dir}/notes/a.txt`, /a\.txt: it is no folder/],
        [`--tools search --search-folder ${dir}/none`, /none: it is no folder/],
        ["--tools abacus", /abacus: expected some of calculator, code, search, memory/],
        [
          `--tools calculator --memory ${dir}/memory.json`,
          /--memory .* does nothing with --tools calculator: it needs --tools memory/,
        ],
        [`--tools memory --memory ${dir}/task.ts`, /Cannot read the memory .*task\.ts: it is not JSON/],
      ];
      for (const [options, why] of refused) {
        match(errorLine(await runsHere(2, `${args} ${options} --out ${dir}/no`)), why);
      }
    });
  },
);

Deno.test("folderTexts() reads the texts of a folder, and nothing that lies outside of it", async () => {
  await withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/in/deep`, { recursive: true });
    await Deno.writeTextFile(`${dir}/secret.txt`, "secret");
    await Deno.writeTextFile(`${dir}/in/a.txt`, "a");
    await Deno.writeTextFile(`${dir}/in/deep/b.md`, "b");
    await Deno.writeTextFile(`${dir}/in/.hidden.txt`, "hidden");
    await Deno.writeFile(`${dir}/in/broken.txt.gz`, Uint8Array.of(1, 2, 3));
    await Deno.symlink(`${dir}/secret.txt`, `${dir}/in/link.txt`);
    await Deno.symlink(dir, `${dir}/in/up`);
    await Deno.symlink(`${dir}/in/a.txt`, `${dir}/in/own.txt`);
    await Deno.symlink(`${dir}/in`, `${dir}/alias`);
    for (const folder of ["in", "in/", "alias", "in/../in"]) {
      const found = (await Array.fromAsync(folderTexts(`${dir}/${folder}`))).map(({ text }) => text);
      deepEqual(found, ["a", "b", "a"], folder);
    }
    await rejects(Array.fromAsync(folderTexts(`${dir}/secret.txt`)), /it is no folder/);
  });
});
