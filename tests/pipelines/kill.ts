/**
 * Kills training runs, and compares a resumed run with one that was never stopped.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { courseOf } from "./program.ts";

/**
 * Kills a run at the given moment. "writing" is the moment at which a checkpoint is being written, any other
 * string is the moment at which standard output contains this text, and a number is the moment after this
 * number of steps. Returns whether the run was killed before it ended.
 */
export async function killedAt(
  moment: string | number,
  { process, out }: { readonly process: Deno.ChildProcess; readonly out: string },
): Promise<boolean> {
  const kill = () => {
    try {
      process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the process has ended already
    }
  };
  let said = "";
  const watcher = Deno.watchFs(out);
  const watched = (async () => {
    for await (const { paths } of watcher) {
      if (moment === "writing" && paths.some((path) => path.includes("/checkpoints/writing-"))) kill();
    }
  })();
  for await (const piece of process.stdout.pipeThrough(new TextDecoderStream())) {
    said += piece;
    const steps = said.split('"type":"step"').length - 1;
    if (typeof moment === "number" ? steps >= moment : said.includes(moment)) kill();
  }
  await process.stderr.cancel();
  const { signal } = await process.status;
  watcher.close();
  await watched;
  return signal === "SIGKILL";
}

/** Throws unless the steps, losses, samples and `files` of two runs are the same, bit for bit. */
export async function same(
  whole: string,
  other: string,
  files: readonly string[],
): Promise<void> {
  deepStrictEqual(await courseOf(other), await courseOf(whole));
  for (const file of files) {
    const [a, b] = await Promise.all([whole, other].map((dir) => Deno.readFile(`${dir}/${file}`)));
    ok(a.length === b.length && a.every((byte, i) => byte === b[i]), `${file} differs`);
  }
}
