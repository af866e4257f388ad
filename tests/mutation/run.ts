/**
 * Tests the tests: `run.ts [--seed N] [--count N] [--only FOLDER] [--jobs N] [--restart]` makes mutants of
 * the code of flow, disk, filter and shard, and prints which of them the tests kill. The last line counts
 * them.
 *
 * Results are kept in `runs/mutants/`, each as soon as it is known, so that a run may be ended at any time.
 * The same command then continues: mutants that were never tried come first, then those that survived, if
 * the tests of their lines have changed. `--restart` forgets the results.
 *
 * @module
 */
import { parseArgs } from "../../pipelines/cli/args.ts";
import { Baselines } from "./baseline.ts";
import { whyEquivalent } from "./equivalents.ts";
import { Results } from "./results.ts";
import { type Mutant, mutantsOf, mutatedFolders, sample } from "./sample.ts";
import { Trial } from "./trial.ts";

const root = new URL("../../", import.meta.url);

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const { values, flags, unknown, missing, positional } = parseArgs(args, {
    string: ["seed", "count", "only", "jobs"],
    boolean: ["restart"],
  });
  const number = (name: string, otherwise: number): number => Number(values.get(name)?.at(-1) ?? otherwise);
  const seed = number("seed", 1), count = number("count", 300), jobs = number("jobs", 1);
  const only = values.get("only")?.at(-1)?.replace(/\/$/, "") ?? null;
  const numbers = [seed, count, jobs].every((value) => Number.isInteger(value) && value >= 0) && jobs > 0;
  if (unknown.length + missing.length + positional.length > 0 || !numbers) {
    console.error("Usage: deno task mutants [--seed N] [--count N] [--only FOLDER] [--jobs N] [--restart]");
    return 2;
  }
  const all = await allMutants(only);
  if (all.length === 0) {
    console.error(`No mutants in ${only}: name a folder or file in ${mutatedFolders.join(", ")}`);
    return 2;
  }
  const results = await Results.open(`seed-${seed}`, flags.get("restart") === true);
  const chosen = sample(all, { seed, count });
  console.log(`${chosen.length} of ${all.length} mutants, seed ${seed}`);
  const open = chosen.filter((mutant) => whyEquivalent(mutant) === null);
  const queue = [
    ...open.filter((mutant) => results.of(mutant) === undefined),
    ...open.filter((mutant) => results.of(mutant) === "survived"),
  ];
  if (queue.length > 0) {
    await using baselines = await Baselines.open();
    await Promise.all(
      Array.from({ length: Math.min(jobs, queue.length) }, () => work(queue, { results, baselines })),
    );
  }
  return summarize(chosen, results);
}

/** Takes mutants from the queue until it is empty. */
async function work(
  queue: Mutant[],
  { results, baselines }: { readonly results: Results; readonly baselines: Baselines },
): Promise<void> {
  await using trial = await Trial.open(baselines);
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const tests = await baselines.hashOf((await baselines.candidates(mutant.file)).flat());
    if (results.survived(mutant, tests)) continue;
    const began = performance.now();
    const outcome = await trial.run(mutant);
    await results.add(mutant, { outcome, tests });
    console.log(
      `${outcome} ${mutant.file}:${mutant.line} ${mutant.operator} (${
        Math.round((performance.now() - began) / 1000)
      } s)`,
    );
    if (outcome === "survived") console.log(diff(mutant));
  }
}

function diff({ before, after }: Mutant): string {
  return `  - ${before}\n  + ${after}`;
}

function summarize(chosen: readonly Mutant[], results: Results): number {
  const equivalent = chosen.filter((mutant) => whyEquivalent(mutant) !== null);
  const survived = chosen.filter((mutant) =>
    results.of(mutant) === "survived" && !equivalent.includes(mutant)
  );
  for (const mutant of equivalent) {
    console.log(`equivalent ${mutant.file}:${mutant.line}: ${whyEquivalent(mutant)}`);
  }
  for (const mutant of survived) console.log(`survived ${mutant.file}:${mutant.line}\n${diff(mutant)}`);
  const killed = chosen.length - survived.length - equivalent.length;
  const share = (100 * killed / chosen.length).toFixed(1);
  console.log(
    `${killed} of ${chosen.length} mutants killed (${share} %), ${equivalent.length} equivalent, ${survived.length} survived`,
  );
  return survived.length > 0 ? 1 : 0;
}

async function allMutants(only: string | null): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const folder of mutatedFolders) {
    for (const file of await modulesIn(folder)) {
      if (only !== null && file !== only && !file.startsWith(`${only}/`)) continue;
      mutants.push(...mutantsOf(file, await Deno.readTextFile(new URL(file, root))));
    }
  }
  return mutants;
}

/** The TypeScript modules in a folder; AssemblyScript, which must be compiled, is left out. */
async function modulesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory && name !== "wasm") found.push(...await modulesIn(`${folder}/${name}`));
    if (name.endsWith(".ts") && name !== "mod.ts") found.push(`${folder}/${name}`);
  }
  return found.sort();
}
