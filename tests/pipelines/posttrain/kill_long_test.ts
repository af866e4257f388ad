import { sharedTest } from "../../shared_data.ts";
import { type KilledRun, newModels, posttrainKilled } from "./kills.ts";

const LLAMA = "golden/models/llama/model.safetensors";

for (const [name, run] of Object.entries(newModels)) {
  Deno.test(`${name} killed at 8 random moments ends like an uninterrupted run`, () =>
    posttrainKilled(run, 8));
}

sharedTest(
  "sft, dpo and rl of a model's adapters or weights, killed at 4 random moments each, end like uninterrupted runs",
  [LLAMA],
  async (path) => {
    const quick =
      `--init-from ${path("golden/models/llama")} --template chatml --device cpu --workers 1 --json ` +
      "--checkpoint-every 3 --seq-len 64 --batch-size 4 --lr 1e-3";
    const chats = (dir: string) =>
      lines(`${dir}/chats.jsonl`, (i) => ({
        messages: [{ role: "user", content: `q${i}` }, { role: "assistant", content: "a".repeat(1 + i % 7) }],
      }));
    const pairs = (dir: string) =>
      lines(`${dir}/pairs.jsonl`, (i) => ({
        prompt: [{ role: "user", content: `q${i}` }],
        chosen: [{ role: "assistant", content: "yes" }],
        rejected: [{ role: "assistant", content: "n".repeat(1 + i % 5) }],
      }));
    const task = async (dir: string) => {
      await Deno.writeTextFile(
        `${dir}/task.ts`,
        `export default {
          name: "many",
          size: 13,
          item: (index: number) => ({ id: String(index), messages: [{ role: "user", content: "q" + index }], answer: "" }),
          reward: (_: unknown, text: string) => ({ many: new Set(text).size / 8, even: (text.length + 1) % 2 }),
        };`,
      );
      return `${dir}/task.ts`;
    };
    const runs: readonly KilledRun[] = [
      {
        args: async (dir) =>
          `sft ${quick} --data ${await chats(dir)} --lora 2 --lora-dropout 0.1 --pack best-fit`.split(" "),
        steps: 20,
      },
      { args: async (dir) => `sft ${quick} --data ${await chats(dir)} --grad-accum 2`.split(" "), steps: 20 },
      { args: async (dir) => `dpo ${quick} --data ${await pairs(dir)} --lora 2`.split(" "), steps: 20 },
      { args: async (dir) => `dpo ${quick} --data ${await pairs(dir)} --loss ipo`.split(" "), steps: 20 },
      {
        args: async (dir) =>
          `rl ${quick} --task ${await task(dir)} --group 2 --max-tokens 8 --check-every 5 --kl 0.2`.split(
            " ",
          ),
        steps: 20,
      },
      {
        args: async (dir) =>
          `rl ${quick} --task ${await task(
            dir,
          )} --group 4 --max-tokens 8 --check-every 0 --lora 2 --algorithm dapo`
            .split(" "),
        steps: 20,
      },
    ];
    for (const run of runs) await posttrainKilled(run, 4);
  },
);

/** Writes a file of JSON lines, and returns its path. */
async function lines(path: string, record: (index: number) => unknown): Promise<string> {
  await Deno.writeTextFile(path, Array.from({ length: 40 }, (_, i) => JSON.stringify(record(i))).join("\n"));
  return path;
}
