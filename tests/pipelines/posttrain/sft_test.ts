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
    const merged = await runsHere(0, `${typed} ${sample}`);
    const peft = await runsHere(0, `sample --checkpoint ${dir}/whole/adapter --tokenizer ${model} ${sample}`);
    equal(merged.out, peft.out);
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

sharedTest("sft refuses what it cannot train on, before it writes anything", [LLAMA], async (path) => {
  await withFolder(async (dir) => {
    const model = path("golden/models/llama"), data = await conversations(dir);
    const refused: readonly [string, RegExp][] = [
      [`sft --init-from ${model} --template chatml`, /Nothing to train on: give --data/],
      [`sft --init-from ${model} --data ${data} --template nanochat`, /no special token <\|bos\|>/],
      [`sft --init-from ${model} --data ${data} --template chatml --seq-len 4096`, /sequence length is/],
      [`sft --init-from ${model} --data ${data} --template chatml --lora 2 --lora-targets nope`, /nope/],
      ["sft --lora 2", /--lora 2 does nothing without --init-from/],
      [`sft --data ${data}`, /--init-from/],
    ];
    for (const [line, why] of refused) {
      match(errorLine(await runsHere(2, `${line} --out ${dir}/run --device cpu`)), why);
      ok(!await exists(`${dir}/run`), line);
    }
  });
});
