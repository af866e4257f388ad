/**
 * The pipeline `ui`: serves the pages of runs, finished or still going on, until Ctrl-C.
 *
 * @module
 */
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { entriesIn } from "../stages/disk/files.ts";
import { exists } from "../stages/disk/whole_files.ts";
import { from } from "../stages/flow/flow.ts";
import type { Source } from "../stages/flow/stage.ts";
import { LiveRun } from "../stages/report/live/live_run.ts";
import { isPortError, type RunServer, serveRuns } from "../stages/report/live/serve_runs.ts";
import { readPhases } from "../stages/run/phases_file.ts";
import { integer, repeatedPaths } from "./cli/option_types.ts";
import { pipeline } from "./cli/pipeline.ts";
import { runNames } from "./parts/run_names.ts";

const WAKE_EVERY = 250; // milliseconds between two looks for Ctrl-C

export default pipeline({
  about: "runs → their live pages in the browser, finished runs too: ui runs",
  writes: false,
  positional: "runs",
  examples: [
    { does: "the page of one run", typed: "runs/fineweb-gpt2" },
    { does: "all runs of a folder, over each other", typed: "runs" },
    { does: "two runs on a port of your choice", typed: "runs/a runs/b --port 8080" },
  ],
  often: ["runs", "port"],
  spares: ["out", "seed", "device", "workers", "blas", "tune", "logEvery", "json"],
  options: {
    runs: repeatedPaths("a run's folder, or a folder of runs; --runs may be left out", {
      value: [],
      group: "Page",
      placeholder: "DIR",
    }),
    port: integer("port on 127.0.0.1; 0 takes a free one", { value: 0, min: 0, max: 65535, group: "Page" }),
  },
  async build(o, env) {
    const folders = o.runs.length === 0 ? ["runs"] : o.runs;
    const known = new Map<string, LiveRun>();
    const find = async (): Promise<readonly LiveRun[]> => await runsIn(folders, known);
    if ((await find()).length === 0) {
      throw new Deno.errors.NotFound(
        `No run in ${
          folders.join(", ")
        }: no metrics.jsonl there or one folder below: give a run's folder, such as runs/fineweb-gpt2`,
      );
    }
    return from(openPages(env.dry ? null : serve(o.port, find), env.print));
  },
});

/** Returns a source of the numbers of readers, which serves the pages until the run ends. */
function openPages(server: RunServer | null, print: (text: string) => void): Source<number, null> {
  return {
    name: "open pages",
    open: () => null,
    async *read() {
      if (server === null) return;
      print(`Pages of the runs: ${server.address}\nCtrl-C ends them.\n`);
      while (true) {
        await delay(WAKE_EVERY);
        yield server.readers;
      }
    },
    close: () => server?.close(),
  };
}

function serve(port: number, runs: () => Promise<readonly LiveRun[]>): RunServer {
  try {
    return serveRuns({ port, runs });
  } catch (error) {
    if (!isPortError(error)) throw error;
    throw new RangeError(
      `Cannot serve the pages on port ${port} (${error.message}): give another --port, or leave it out for a free one`,
    );
  }
}

/** Returns the entries of a folder; with `mayBeGone`, none if there is no such folder any more. */
async function entriesOf(folder: string, mayBeGone: boolean): Promise<readonly Deno.DirEntry[]> {
  try {
    return await entriesIn(folder);
  } catch (error) {
    if (mayBeGone && error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * Returns the folders of the runs that a folder stands for: its phases that have begun, since the file that
 * joins them is written only after each phase, or else the folder itself; none if there are no events.
 */
async function runsAt(
  folder: string,
  { mayBeDamaged = false }: { readonly mayBeDamaged?: boolean } = {},
): Promise<readonly string[]> {
  const phases = await readPhases(folder).catch((error) => {
    if (mayBeDamaged && error instanceof Deno.errors.InvalidData) return null;
    throw error;
  });
  const found: string[] = [];
  for (const run of phases?.map(({ name }) => `${folder}/${name}`) ?? [folder]) {
    if (await exists(`${run}/metrics.jsonl`)) found.push(run);
  }
  return found;
}

/**
 * Returns the runs in folders and one level below, each once; runs that were seen before keep their state and
 * their name.
 */
async function runsIn(folders: readonly string[], known: Map<string, LiveRun>): Promise<readonly LiveRun[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const own = await runsAt(folder);
    found.push(...own);
    if (own.length > 0) continue;
    const below = (await entriesOf(folder, known.size > 0)).filter(({ isDirectory }) => isDirectory);
    for (const name of below.map(({ name }) => name).sort()) {
      found.push(...await runsAt(`${folder}/${name}`, { mayBeDamaged: true })); // it must not hide the others
    }
  }
  const unique = [...new Map(found.map((folder) => [resolve(folder), folder])).values()];
  const names = runNames(unique);
  return unique.map((folder, i) => {
    const run = known.get(folder) ?? new LiveRun(names[i], folder);
    known.set(folder, run);
    return run;
  });
}
