/**
 * The pipeline `report`: writes the page of one run, or a page with the curves of several runs.
 *
 * @module
 */
import { writeWhole } from "../stages/disk/whole_files.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { LiveRun } from "../stages/report/live/live_run.ts";
import { type PageRun, reportPageOf } from "../stages/report/report.ts";
import { claimPageFolder } from "../stages/run/claim.ts";
import { repeatedPaths } from "./cli/option_types.ts";
import { pipeline } from "./cli/pipeline.ts";
import { runNames } from "./parts/run_names.ts";

export default pipeline({
  about: "write the page of a run, or one page with the curves of several: report runs/a runs/b",
  writes: false,
  positional: "runs",
  examples: [
    { does: "write the page of a run anew", typed: "runs/fineweb-gpt2" },
    { does: "one page with the curves of two runs", typed: "runs/a runs/b" },
    { does: "the same in another folder", typed: "runs/a runs/b --out runs/compared" },
  ],
  often: ["runs", "out"],
  spares: ["seed", "device", "workers", "blas", "tune", "logEvery"],
  options: {
    runs: repeatedPaths("a run's folder; --runs may be left out", {
      value: [],
      group: "Report",
      placeholder: "DIR",
      stored: "record",
    }),
  },
  async build(o, env) {
    if (o.runs.length === 0) {
      throw new RangeError("No run to report on: give the folder of at least one run: report runs/a runs/b");
    }
    const names = runNames(o.runs);
    const runs = await Promise.all(o.runs.map((folder, i) => readRun(names[i], folder)));
    const page = `${env.out}/report.html`;
    return from(asSource("pages", () => [page])).pipe({
      name: "write",
      open: () => null,
      async *push(path: string) {
        using _claim = await claimPageFolder(env.out);
        await writeWhole(path, reportPageOf(runs, { live: null }));
        env.print(`Report: ${path}\n`);
        yield path;
      },
    });
  },
});

async function readRun(name: string, folder: string): Promise<PageRun> {
  const run = new LiveRun(name, folder);
  await run.refresh();
  if (run.follower.lines > 0) return run.page;
  throw new Deno.errors.NotFound(
    `Cannot report on ${folder}: it has no metrics.jsonl with events: give a run's folder, such as runs/fineweb-gpt2`,
  );
}
