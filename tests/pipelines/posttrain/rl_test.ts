/**
 * Tests the pipelines rl and dpo: exact resume with rollouts, the events of an update, the guard, tasks of
 * one's own.
 *
 * @module
 */
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { taskSource } from "../../../pipelines/parts/posttrain/example_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { collapse, RewardGuard } from "../../../stages/rl/guard.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import type { Context } from "../../../stages/flow/stage.ts";
import { SkipBatchError } from "../../../stages/train/divergence_response.ts";
import { sharedTest } from "../../shared_data.ts";
import { runsHere } from "../in_process.ts";
import { courseOf, errorLine, withFolder } from "../program.ts";

const LLAMA = "golden/models/llama/model.safetensors";

Deno.test("rl on a new model resumes with the same rollouts and updates", async () => {
  await withFolder(async (dir) => {
    const args =
      "rl --device cpu --workers 1 --quiet --world-steps 4 --batch-size 8 --group 4 --check-every 4 " +
      "--check-items 2 --checkpoint-every 3 --schedule-steps 9 --seq-len 32 --kl 0.1";
    await runsHere(0, `${args} --steps 9 --out ${dir}/whole`);
    await runsHere(0, `${args} --steps 7 --out ${dir}/parts`);
    await runsHere(0, `${args} --steps 9 --out ${dir}/parts`);
    const rollouts = async (out: string) =>
      (await readEvents(`${out}/metrics.jsonl`)).filter(({ type }) => type === "rollout");
    deepEqual(await rollouts(`${dir}/parts`), await rollouts(`${dir}/whole`));
    const steps = (course: readonly unknown[]) =>
      course.filter((each) => Array.isArray(each) && typeof each[0] === "number");
    deepEqual(steps(await courseOf(`${dir}/parts`)), steps(await courseOf(`${dir}/whole`)));
    const [first] = await rollouts(`${dir}/whole`);
    ok(first.type === "rollout" && first.step >= 4 && first.entropy > 0 && first.kl !== undefined);
    deepEqual(Object.keys(first.parts), ["correct"]);
    const samples = (await readEvents(`${dir}/whole/metrics.jsonl`)).filter(({ type }) => type === "sample");
    ok(samples.some((event) => event.type === "sample" && event.text === first.best));
    // Another run takes the model with its tokenizer and template. It knows no country: nothing can be
    // learned.
    const none = await runsHere(
      1,
      `rl --init-from ${dir}/whole --task countries --batch-size 4 --group 2 --steps 1 --seq-len 60 ` +
        `--max-tokens 4 --check-every 0 --device cpu --workers 1 --quiet --out ${dir}/more`,
    );
    match(errorLine(none), /Nothing to learn: in 20 updates in a row, .*same reward \(now 0\.000\)/);
    const empty = await rollouts(`${dir}/more`);
    deepEqual(
      empty.map((event) => event.type === "rollout" && [event.step, event.item, event.withoutUpdate]),
      Array.from({ length: 20 }, (_, item) => [0, item, true]),
    );
  });
});

sharedTest(
  "rl takes a task of one's own, with adapters, and names what is wrong with one",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      const model = path("golden/models/llama");
      await Deno.writeTextFile(
        `${dir}/even.ts`,
        `export default {
        name: "even",
        item: (index: number) => ({ id: String(index), messages: [{ role: "user", content: "go" }], answer: "" }),
        reward: (_: unknown, text: string) => ({ length: text.length % 2, bonus: 0.5 }),
      };`,
      );
      await Deno.writeTextFile(
        `${dir}/nan.ts`,
        (await Deno.readTextFile(`${dir}/even.ts`)).replace("0.5", "NaN"),
      );
      await Deno.writeTextFile(`${dir}/none.ts`, "export default {};");
      const args = `rl --init-from ${model} --template chatml --lora 2 --device cpu --workers 1 --quiet ` +
        "--batch-size 4 --group 2 --seq-len 32 --max-tokens 6 --check-every 0 --steps 2";
      for (const algorithm of ["grpo", "rloo", "cispo", "gspo"]) {
        await runsHere(0, `${args} --task ${dir}/even.ts --algorithm ${algorithm} --out ${dir}/${algorithm}`);
      }
      const events = await readEvents(`${dir}/grpo/metrics.jsonl`);
      const rollout = events.find(({ type }) => type === "rollout");
      ok(rollout?.type === "rollout" && rollout.parts.bonus === 0.5 && rollout.maxLength <= 6);
      match(
        errorLine(await runsHere(1, `${args} --task ${dir}/nan.ts --out ${dir}/b`)),
        /even.*reward NaN.*finite/,
      );
      match(
        errorLine(await runsHere(2, `${args} --task ${dir}/none.ts --out ${dir}/c`)),
        /default export must be/,
      );
      await Deno.writeTextFile(
        `${dir}/sized.ts`,
        (await Deno.readTextFile(`${dir}/even.ts`)).replace("name:", "size: 1.5, name:"),
      );
      match(
        errorLine(await runsHere(2, `${args} --task ${dir}/sized.ts --out ${dir}/c`)),
        /size a whole number above 0/,
      );
      match(
        errorLine(await runsHere(2, `${args} --task ${dir}/missing.ts --out ${dir}/c`)),
        /There is no file .*missing\.ts: give --task/,
      );
      match(
        errorLine(await runsHere(2, `${args} --task chess --out ${dir}/c`)),
        /no task chess: expected arithmetic/,
      );
      match(errorLine(await runsHere(2, `${args} --task gsm8k --out ${dir}/c`)), /give --source FILE/);
      match(errorLine(await runsHere(2, `${args} --group 3 --out ${dir}/c`)), /a multiple of --group/);
    });
  },
);

sharedTest(
  "dpo trains adapters on pairs, which prefer the chosen answers more and more",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      const model = path("golden/models/llama");
      const pairs = ["a", "b", "c", "d"].map((q) =>
        JSON.stringify({
          prompt: [{ role: "user", content: q }],
          chosen: [{ role: "assistant", content: "yes" }],
          rejected: [{ role: "assistant", content: "no" }],
        })
      );
      await Deno.writeTextFile(`${dir}/pairs.jsonl`, pairs.join("\n"));
      const args =
        `dpo --init-from ${model} --data ${dir}/pairs.jsonl --template chatml --lora 2 --lr 1e-2 ` +
        "--batch-size 4 --seq-len 32 --device cpu --workers 1 --quiet --schedule constant --checkpoint-every 4";
      await runsHere(0, `${args} --steps 8 --out ${dir}/whole`);
      await runsHere(0, `${args} --steps 5 --out ${dir}/parts`);
      await runsHere(0, `${args} --steps 8 --out ${dir}/parts`);
      const results = async (out: string) =>
        (await readEvents(`${out}/metrics.jsonl`)).filter(({ type }) => type === "preference");
      const whole = await results(`${dir}/whole`);
      deepEqual(await results(`${dir}/parts`), whole);
      const [first, last] = [whole[0], whole[whole.length - 1]];
      ok(first.type === "preference" && last.type === "preference");
      ok(Math.abs(first.loss - Math.LN2) < 1e-6 && last.loss < first.loss && last.margin > 0);
      match(errorLine(await runsHere(2, `${args} --batch-size 3 --out ${dir}/b`)), /even number/);
    });
  },
);

Deno.test("dpo on a new model resumes with the same pairs, and checks it from the end of its first steps on", async () => {
  await withFolder(async (dir) => {
    const args =
      "dpo --device cpu --workers 1 --world-steps 4 --batch-size 8 --check-every 2 --check-items 2 " +
      "--checkpoint-every 3 --schedule-steps 9";
    await runsHere(0, `${args} --quiet --steps 9 --out ${dir}/whole`);
    const notes = (await readEvents(`${dir}/whole/metrics.jsonl`)).map((event) =>
      event.type === "note" ? event.text : ""
    );
    match(notes.join("\n"), /No --init-from: a new model learns sums .* in steps 1 to 4, and then to prefer/);
    await runsHere(0, `${args} --quiet --steps 7 --out ${dir}/parts`);
    await runsHere(0, `${args} --quiet --steps 9 --out ${dir}/parts`);
    const results = async (out: string) =>
      (await readEvents(`${out}/metrics.jsonl`)).filter(({ type }) => type === "preference");
    const whole = await results(`${dir}/whole`);
    equal(whole.length, 5);
    deepEqual(await results(`${dir}/parts`), whole);
    const checks = (await readEvents(`${dir}/whole/metrics.jsonl`)).filter(({ type }) => type === "task");
    deepEqual(checks.map((event) => event.type === "task" && event.step), [4, 6, 8, 9]);
    // Another run trains the model further with its optimizer, at a share of its rates.
    const rates = async (out: string) => {
      const { options: { optimizer, lr, muonLr } } = JSON.parse(
        await Deno.readTextFile(`${out}/config.json`),
      );
      return [optimizer, ...[lr, muonLr].map((rate) => rate.toPrecision(3))];
    };
    deepEqual(await rates(`${dir}/whole`), ["muon", "0.00400", "0.0400"]);
    const further = "sft --device cpu --workers 1 --quiet --task arithmetic --batch-size 2 --check-every 0 " +
      "--seq-len 40 --steps 1";
    await runsHere(0, `${further} --init-from ${dir}/whole --out ${dir}/sft`);
    deepEqual(await rates(`${dir}/sft`), ["muon", "0.000400", "0.00400"]);
    await runsHere(0, `${further} --init-from ${dir}/sft --out ${dir}/again`);
    deepEqual(await rates(`${dir}/again`), ["muon", "0.000400", "0.00400"]);
    await runsHere(0, `${further} --init-from ${dir}/sft --lr 1e-4 --out ${dir}/given`);
    deepEqual(await rates(`${dir}/given`), ["muon", "0.000100", "0.00100"]);
  });
});

Deno.test("--dry-run counts the reference of dpo, and of rl with a divergence, and caches of answers", async () => {
  const planOf = async (line: string) => {
    const { out } = await runsHere(0, `${line} --dry-run`);
    return new Map([...out.matchAll(/^ {4}(\w+) +[\d.]+ [KMG]iB$/gm)].map(([row, kind]) => [kind, row]));
  };
  ok((await planOf("dpo")).has("reference"));
  ok((await planOf("rl --kl 0.1")).has("reference"));
  for (const line of ["rl", "sft"]) {
    const plan = await planOf(line);
    ok(!plan.has("reference") && plan.has("cache") && plan.has("activation"), `${line}: ${[...plan.keys()]}`);
  }
});

Deno.test("the guard acts once the mean of ten rewards is below half of the best, not before", () => {
  const fresh = () => ({ rewards: [] as number[], best: 0, healthy: -1, collapsed: [] }), state = fresh();
  let step = 0;
  const next = (reward: number) => collapse(state, { reward, step: step++ });
  for (let i = 0; i < 10; i++) equal(next(0.8), null);
  for (let i = 0; i < 5; i++) equal(next(0), null); // the mean is 0.4, exactly half
  equal(state.healthy, 9);
  match(next(0) ?? "", /collapsed: its mean over 10 updates is 0\.320, and was 0\.800/);
  const low = fresh();
  for (let i = 0; i < 30; i++) equal(collapse(low, { reward: i < 10 ? 0.04 : 0, step: i }), null);
});

Deno.test("a guard goes back to the last answers that were good, and its checkpoints know what was skipped", () => {
  const guard = new RewardGuard(new Map([[3, "the reward has collapsed: before"], [4, "NaN"]]));
  deepEqual([...guard.collapsed], [3]);
  const add = (reward: number, batch: number) => guard.add({ reward, batch, step: batch >> 1 });
  for (let batch = 0; batch < 10; batch++) add(0.5, batch);
  throws(
    () => [10, 11, 12, 13, 14, 15, 16].forEach((batch) => add(0, batch)),
    (error: unknown) => error instanceof SkipBatchError && error.batch === 15 && error.before === 4,
  );
  const saved = guard.stage().save?.(null);
  const other = new RewardGuard(new Map([[15, "the reward has collapsed: now"]]));
  other.stage().open?.({} as Context, saved);
  deepEqual([...other.collapsed], [3, 15]);
});

sharedTest(
  "a run whose reward collapses goes back to weights that were good, with a lower rate, also if it is killed afterwards",
  [LLAMA],
  async (path) => {
    await withFolder(async (dir) => {
      // Updates 13 to 18 have little reward: the last of them is one too many, and only it is skipped.
      await Deno.writeTextFile(
        `${dir}/falls.ts`,
        `export default {
        name: "falls",
        item: (index: number) => ({ id: String(index), messages: [{ role: "user", content: "go" + index % 7 }], answer: "" }),
        reward: ({ id }: { id: string }, text: string) => ({
          level: 24 <= Number(id) && Number(id) < 36 ? 0.05 : 0.5,
          odd: text.length % 2 / 1000,
        }),
      };`,
      );
      const args = `rl --init-from ${path("golden/models/llama")} --template chatml --task ${dir}/falls.ts ` +
        "--device cpu --workers 1 --batch-size 16 --group 8 --seq-len 64 --max-tokens 8 --check-every 0 " +
        "--lr 0.003 --checkpoint-every 2 --keep-checkpoints 0 --schedule constant";
      const whole = await runsHere(0, `${args} --steps 20 --out ${dir}/whole`);
      match(
        whole.err + whole.out,
        /Skipping batch 18 \(the reward has collapsed.*was 0\.50\d\): going back to the checkpoint step-000010/,
      );
      const rewards = async (out: string) =>
        (await readEvents(`${out}/metrics.jsonl`)).flatMap((event) =>
          event.type === "rollout" ? [event.reward] : []
        );
      const all = await rewards(`${dir}/whole`);
      deepEqual(all.map((reward) => reward > 0.3), [
        ...Array(12).fill(true),
        ...Array(5).fill(false),
        true,
        true,
        true,
      ]);
      const rates = (await courseOf(`${dir}/whole`)).flatMap((each) =>
        Array.isArray(each) && typeof each[0] === "number" ? [each[3]] : []
      );
      deepEqual(rates, [...Array(10).fill(0.003), ...Array(10).fill(0.001)]);
      await runsHere(0, `${args} --steps 15 --quiet --out ${dir}/parts`);
      await runsHere(0, `${args} --steps 20 --quiet --out ${dir}/parts`);
      deepEqual(await rewards(`${dir}/parts`), all);
    });
  },
);

Deno.test("taskSource() leaves out the held-out items, and shows each solution of an item in turn", async () => {
  const task = {
    name: "letters",
    size: 5,
    item: (index: number) => ({
      id: `${index}`,
      messages: [],
      answer: "",
      solutions: ["a", "b"].map((content) => ({ role: "assistant" as const, content })),
    }),
    reward: () => ({}),
  };
  const seen: string[] = [];
  for await (const example of from(taskSource(task)).stream()) {
    seen.push(`${example.id}${"messages" in example && example.messages[0].content}`);
    if (seen.length === 8) break;
  }
  deepEqual(seen, ["0a", "1b", "2a", "3b", "0b", "1a", "2b", "3a"]);
});
