/**
 * Tests the pipeline sft: masks from conversations, adapters, resume, packing and what it refuses.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { exists } from "../../../stages/disk/whole_files.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import { sharedTest } from "../../shared_data.ts";
import { runsHere } from "../in_process.ts";
import { courseOf, errorLine, eventsOf, withFolder } from "../program.ts";

const LLAMA = "golden/models/llama/model.safetensors";
const quick = "--device cpu --workers 1 --quiet --seq-len 32 --batch-size 2";

/** Writes conversations, and returns the path. */
async function conversations(dir: string): Promise<string> {
  const path = `${dir}/chats.jsonl`;
  const lines = Array.from({ length: 9 }, (_, i) =>
    JSON.stringify({
      messages: [{ role: "user", content: `q${i}` }, { role: "assistant", content: "a".repeat(1 + i % 3) }],
    }));
  await Deno.writeTextFile(path, lines.join("\n"));
  return path;
}

sharedTest("sft trains adapters, which resume, merge and are PEFT's", [LLAMA], async (path) => {
  await withFolder(async (dir) => {
    const model = path("golden/models/llama"), data = await conversations(dir);
    const args = `sft --init-from ${model} --data ${data} --template chatml --lora 2 --lr 1e-2 ${quick} ` +
      "--schedule-steps 6 --checkpoint-every 2";
    const first = await runsHere(0, `${args} --steps 6 --out ${dir}/whole`.replace("--quiet", ""));
    await runsHere(0, `${args} --steps 3 --out ${dir}/parts`);
    await runsHere(0, `${args} --steps 6 --out ${dir}/parts`);
    const steps = (course: readonly unknown[]) =>
      course.filter((each) => Array.isArray(each) && typeof each[0] === "number");
    deepEqual(steps(await courseOf(`${dir}/parts`)), steps(await courseOf(`${dir}/whole`)));
    const saved = await readSafetensors(`${dir}/whole/checkpoints/step-000006/model.safetensors`);
    ok(Object.keys(saved).every((name) => /lora_[AB]/.test(name)), "a checkpoint holds adapters alone");
    ok(await exists(`${dir}/whole/adapter/adapter_config.json`));
    const sample = "--prompt hello --max-tokens 4 --temperature 0 --device cpu --workers 1";
    const [, typed] = /To sample: deno task pipeline (.*)/.exec(`${first.out}${first.err}`) ?? [];
    equal(typed, `sample --checkpoint ${dir}/whole`);
    const [, talk] = /To talk to it: deno task pipeline (.*)/.exec(`${first.out}${first.err}`) ?? [];
    equal(talk, `chat --checkpoint ${dir}/whole`);
    match((await runsHere(0, `${talk} --device cpu --dry-run`)).out, /parameters/); // with the run's template
    const merged = await runsHere(0, `${typed} ${sample}`);
    const peft = await runsHere(0, `sample --checkpoint ${dir}/whole/adapter --tokenizer ${model} ${sample}`);
    equal(merged.out, peft.out);
    // The rates of adapters are not those of weights.
    const { out: plan } = await runsHere(0, `sft --init-from ${dir}/whole --data ${data} --dry-run`);
    match(plan, /\n +lr +0\.00002\n/);
    const other = `${args} --steps 8 --out ${dir}/whole`.replace("--lora 2", "--lora 3");
    match(errorLine(await runsHere(2, other)), /--lora/);
  });
});

sharedTest(
  "sft packs conversations, drops those without answers, and shows its masks",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      const model = path("golden/models/llama"), data = await conversations(dir);
      const args = `sft --init-from ${model} --data ${data} --template chatml ${quick}`;
      await Deno.writeTextFile(data, '\n{"messages":[{"role":"user","content":"q"}]}\n', { append: true });
      const { out: end, err } = await runsHere(
        0,
        `${args} --pack best-fit --steps 2 --out ${dir}/run`.replace("--quiet", ""),
      );
      const [, hint] = /To sample: .*?task \w+ (sample .*)/.exec(end + err) ?? [];
      ok(hint !== undefined, end + err);
      await runsHere(0, `${hint} --max-tokens 3 --device cpu --quiet`);
      const packed = (await eventsOf(`${dir}/run`)).findLast(({ name }) => name === "pack");
      ok(packed?.dropped.no_answer > 0 && packed.dropped.no_answer < packed.in / 5, JSON.stringify(packed));
      const { out } = await runsHere(0, `${args} --inspect 2 --no-color`.replace("--quiet", ""));
      match(out, /⟦a+<\|im_end\|>⟧/);
      equal(out.split("tokens,").length, 3);
    });
  },
);

Deno.test("sft on a new model says what it learns first, checks it after that, and how to train it further", async () => {
  await withFolder(async (dir) => {
    const args =
      "sft --world-steps 2 --steps 4 --batch-size 2 --check-every 2 --check-items 2 --device cpu " +
      "--workers 1 --seq-len 64";
    const { out, err } = await runsHere(0, `${args} --out ${dir}/run`);
    const events = await eventsOf(`${dir}/run`);
    ok(events.some(({ text }) => /^No --init-from: a new model learns sentences .* 1 to 2, and/.test(text)));
    deepEqual(events.filter(({ task }) => task === "countries").map(({ step, seen }) => [step, seen]), [
      [2, true],
      [4, true],
    ]);
    const [, typed] = /To train it by .*: deno task pipeline (.*)/.exec(out + err) ?? [];
    match((await runsHere(0, `${typed} --dry-run`)).out, /optimizer +muon/);
  });
});

sharedTest(
  "sft --task trains on a task's solutions, and checks questions before and after",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      await Deno.writeTextFile(
        `${dir}/echo.ts`,
        `export default {
        name: "echo",
        size: 20,
        item: (index: number) => ({
          id: String(index),
          messages: [{ role: "user", content: "q" }],
          answer: "a",
          solutions: [{ role: "assistant", content: "a" }],
        }),
        reward: ({ answer }: { answer: string }, text: string) => ({ right: Number(text.startsWith(answer)) }),
      };`,
      );
      const args =
        `sft --init-from ${path("golden/models/llama")} --template chatml --lora 4 --lr 1e-1 ${quick} ` +
        "--batch-size 4 --check-every 10 --check-items 4";
      const { out } = await runsHere(0, `${args} --task ${dir}/echo.ts --steps 20 --out ${dir}/run`);
      const checks = (await eventsOf(`${dir}/run`)).filter(({ type }) => type === "task");
      deepEqual(checks.map(({ step, items }) => [step, items]), [[0, 2], [10, 2], [20, 2]]);
      deepEqual([checks[0].reward, checks[2].reward], [0, 1]);
      match(out, /echo +0\.000 → 1\.000 mean reward of 2 held-out questions/);
      const both = `${args} --task ${dir}/echo.ts --data ${await conversations(
        dir,
      )} --steps 1 --out ${dir}/b`;
      match(errorLine(await runsHere(2, both)), /--data and on --task: give one/);
    });
  },
);

sharedTest("sft refuses what it cannot train on, before it writes anything", [LLAMA], async (path) => {
  await withFolder(async (dir) => {
    const model = path("golden/models/llama"), data = await conversations(dir);
    const refused: readonly [string, RegExp][] = [
      [`sft --init-from ${model} --template chatml`, /Nothing to train on: give --data/],
      [`sft --init-from ${model} --data ${data} --template nanochat`, /no special token <\|bos\|>/],
      [`sft --init-from ${model} --data ${data} --template chatml --seq-len 4096`, /sequence length is/],
      [`sft --init-from ${model} --data ${data} --template chatml --lora 2 --lora-targets nope`, /nope/],
      [
        `sft --init-from ${model} --data ${data} --check-every 5`,
        /--check-every 5 does nothing without --task/,
      ],
      ["sft --task arithmetic", /--task arithmetic does nothing without --init-from/],
      ["sft --lora 2", /--lora 2 does nothing without --init-from/],
      [`sft --data ${data}`, /--init-from/],
    ];
    for (const [line, why] of refused) {
      match(errorLine(await runsHere(2, `${line} --out ${dir}/run --device cpu`)), why);
      ok(!await exists(`${dir}/run`), line);
    }
  });
});

sharedTest(
  "sft and dpo end with an error where no record can be used, rather than read for ever",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      const common = `--init-from ${path("golden/models/llama")} --template chatml ${quick} --out ${dir}/run`;
      const write = async (name: string, record: unknown) => {
        await Deno.writeTextFile(`${dir}/${name}`, JSON.stringify(record));
        return `--data ${dir}/${name}`;
      };
      const user = { role: "user", content: "x" };
      const silent = await write("silent.jsonl", { messages: [user] });
      const same = await write("same.jsonl", { prompt: "a", chosen: "y", rejected: "y" });
      const other = await write("other.jsonl", { text: "x" });
      const refused: readonly [string, RegExp][] = [
        [
          `sft ${silent}`,
          /none of the 1 conversations of .*silent.jsonl can be used \(no_answer\): give records/,
        ],
        [`sft ${other} --damaged skip`, /can be used \(all are damaged\): give others/],
        [`dpo ${same}`, /preferences of .* \(same_answers\): give pairs whose answers differ/],
      ];
      for (const [line, why] of refused) {
        match(errorLine(await runsHere(1, `${line} ${common}`)), why);
        await Deno.remove(`${dir}/run`, { recursive: true });
      }
    });
  },
);

sharedTest(
  "a run keeps its chat template: later stages take it, and a changed one does not resume",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      const data = await conversations(dir), model = path("golden/models/llama"), own = `${dir}/own.jinja`;
      const source = "{% for m in messages %}[{{ m.role }}]{{ m.content }}<|im_end|>{% endfor %}" +
        "{% if add_generation_prompt %}[assistant]{% endif %}";
      await Deno.writeTextFile(own, source);
      const args = `sft --init-from ${model} --data ${data} --template ${own} ${quick} --out ${dir}/run`;
      await runsHere(0, `${args} --steps 1`);
      const { out } = await runsHere(0, `sft --init-from ${dir}/run --data ${data} --inspect 1 --no-color`);
      match(out, /\[user\]q0<\|im_end\|>\[assistant\]⟦a<\|im_end\|>⟧/);
      await runsHere(0, `${args} --steps 2`);
      await Deno.writeTextFile(own, `${source}.`);
      match(
        errorLine(await runsHere(2, `${args} --steps 3`)),
        /the chat template .* is not the one that the run/,
      );
    });
  },
);
