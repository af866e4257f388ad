/**
 * Small runs of `assistant`, whose phases take a second each.
 *
 * @module
 */
import { readEvents } from "../../../stages/report/metrics.ts";

/** The phases of a run of the little world. */
export const phaseNames = ["world", "base", "sft", "rl", "card"] as const;

/** Writes a task whose answers of an untrained model differ in their rewards, and returns its path. */
export async function evenTask(dir: string): Promise<string> {
  const path = `${dir}/even.ts`;
  await Deno.writeTextFile(
    path,
    `export default {
      name: "even",
      size: 40,
      item: (index: number) => ({ id: String(index), messages: [{ role: "user", content: "q" + index }], answer: "" }),
      reward: (_: unknown, text: string) => ({ even: (text.length + 1) % 2, many: new Set(text).size / 40 }),
    };`,
  );
  return path;
}

/** Returns the words of a small run. */
export function smallAssistant(task: string): readonly string[] {
  return [
    ..."assistant --device cpu --workers 1 --task".split(" "),
    task,
    "--base",
    "--layers 1 --heads 2 --channels 16 --steps 12 --batch-size 4 --eval-every 0 --sample-every 0 --checkpoint-every 3",
    "--sft",
    "--steps 9 --batch-size 4 --checkpoint-every 3",
    "--rl",
    "--steps 6 --batch-size 8 --group 4 --check-every 0 --checkpoint-every 2 --max-tokens 8",
  ];
}

/** What of a run does not depend on time, phase by phase. */
export async function courseOf(out: string): Promise<unknown[]> {
  const kept = new Set(["step", "rollout", "sample", "card", "eval"]), course: unknown[] = [];
  for (const phase of phaseNames) {
    const events = (await readEvents(`${out}/${phase}/metrics.jsonl`)).filter(({ type }) => kept.has(type));
    course.push([phase, events.map((event) => ({ ...event, elapsed: 0, tokensPerSecond: 0 }))]);
  }
  return course;
}
