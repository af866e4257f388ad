/**
 * Tests what the end of one rank of `fineweb` means for the others and for the last step: it finishes, is
 * interrupted, fails, has no input, or still runs.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { beforeDeadline } from "../../deadline.ts";
import { disk } from "../../../stages/disk/disk.ts";
import { existsSync } from "../../../stages/disk/whole_files.ts";
import { claimFolder } from "../../../stages/run/claim.ts";
import { runHere } from "../in_process.ts";
import { type Finished, withFolder } from "../program.ts";
import { recipe, rows, writeSources } from "./ranks.ts";

const PATIENCE = 300_000; // milliseconds for a run

/** Runs `fineweb` in this process; throws unless its exit code is `code`. */
async function ends(code: number, args: readonly string[]): Promise<Finished> {
  const finished = await beforeDeadline(runHere(["fineweb", ...args]), PATIENCE);
  strictEqual(finished.code, code, `${args.join(" ")}\n${finished.out}\n${finished.err}`);
  return finished;
}

const rank = (number: number, world: number) => ["--rank", `${number}`, "--world", `${world}`];

/** Calls `then` when the source in `input` is opened for the third time after the rank's metrics.jsonl. */
function amidTheInput(input: string, then: () => void): Disposable {
  const { open, openSync } = disk;
  let isRunning = false, reads = 0;
  const look = (path: string | URL): void => {
    if (/ranks\/\d{5}\/metrics\.jsonl$/.test(String(path))) isRunning = true;
    if (isRunning && String(path).startsWith(input) && ++reads === 3) then();
  };
  disk.open = (path, options) => (look(path), open(path, options));
  disk.openSync = (path, options) => (look(path), openSync(path, options));
  return { [Symbol.dispose]: () => void Object.assign(disk, { open, openSync }) };
}

/** Endings of a rank in the middle of its input, and the exit code of each. */
const endings: Readonly<Record<string, (input: string) => { readonly code: number } & Disposable>> = {
  interrupted(input) {
    const { addSignalListener } = Deno;
    const listeners: (() => void)[] = [];
    Deno.addSignalListener = (signal, listener) => {
      if (signal === "SIGINT") listeners.push(listener);
      addSignalListener(signal, listener);
    };
    const hook = amidTheInput(input, () => listeners.at(-1)?.());
    return {
      code: 130,
      [Symbol.dispose]() {
        hook[Symbol.dispose]();
        Deno.addSignalListener = addSignalListener;
      },
    };
  },
  failed(input) {
    const hook = amidTheInput(input, () => {
      throw new Error("Input/output error (os error 5)");
    });
    return { code: 1, [Symbol.dispose]: () => hook[Symbol.dispose]() };
  },
};

for (const [ending, arrange] of Object.entries(endings)) {
  Deno.test(`fineweb: a rank that is ${ending} holds back the last step alone, and resumes to the same corpus`, () =>
    withFolder(async (dir) => {
      const args = [...await writeSources(`${dir}/in`), ...recipe];
      await ends(0, [...args, "--out", `${dir}/one`]);
      const shared = [...args, "--out", `${dir}/two`];
      {
        using end = arrange(`${dir}/in`);
        await ends(end.code, [...shared, ...rank(1, 2)]);
      }
      await ends(0, [...shared, ...rank(0, 2)]);
      const { err } = await ends(2, ["--out", `${dir}/two`, "--only", "dedup"]);
      match(err, /of 2 ranks 1 is not finished: finish them with --rank 1 --world 2/);
      strictEqual(existsSync(`${dir}/two/documents`), false);
      await ends(0, [...shared, ...rank(1, 2)]);
      await ends(0, ["--out", `${dir}/two`, "--only", "dedup", "--quiet"]);
      for (const folder of ["documents", "removed/c4", "removed/minhash"]) {
        deepStrictEqual(rows(`${dir}/two`, folder), rows(`${dir}/one`, folder), folder);
      }
    }));

  Deno.test(`fineweb without a last step: after a rank was ${ending}, the one that ends last merges`, () =>
    withFolder(async (dir) => {
      const args = [...await writeSources(`${dir}/in`), ...recipe, "--stages", "c4"];
      await ends(0, [...args, "--out", `${dir}/one`]);
      const shared = [...args, "--out", `${dir}/two`];
      {
        using end = arrange(`${dir}/in`);
        await ends(end.code, [...shared, ...rank(1, 2)]);
      }
      await ends(0, [...shared, ...rank(0, 2)]);
      strictEqual(existsSync(`${dir}/two/stats.json`), false, "merged without rank 1");
      await ends(0, [...shared, ...rank(1, 2)]);
      deepStrictEqual(rows(`${dir}/two`, "documents"), rows(`${dir}/one`, "documents"));
      const count = (name: string) =>
        JSON.parse(Deno.readTextFileSync(`${dir}/${name}/stats.json`)).documents;
      deepStrictEqual(count("two"), count("one"));
    }));
}

Deno.test("fineweb: ranks without input finish, and the last step takes them as empty", () =>
  withFolder(async (dir) => {
    const [option, source] = await writeSources(`${dir}/in`);
    const args = [option, source, ...recipe, "--part-bytes", "1000000"];
    await ends(0, [...args, "--out", `${dir}/one`]);
    const shared = [...args, "--out", `${dir}/three`];
    for (const number of [2, 0, 1]) await ends(0, [...shared, ...rank(number, 3)]);
    await ends(0, ["--out", `${dir}/three`, "--only", "dedup", "--quiet"]);
    const kept = rows(`${dir}/one`, "documents");
    ok(kept.length > 0);
    deepStrictEqual(rows(`${dir}/three`, "documents"), kept);
  }));

Deno.test("fineweb: a running rank locks its own folder and the whole one against a process without a rank", () =>
  withFolder(async (dir) => {
    const out = `${dir}/run`, args = [...await writeSources(`${dir}/in`), ...recipe, "--out", out];
    {
      using _shared = await claimFolder(out, { shared: true });
      using _rank = await claimFolder(`${out}/ranks/00001`);
      await Deno.mkdir(`${out}/ranks/00001/checkpoints`); // as a rank that has begun
      match((await ends(2, [...args, ...rank(1, 2)])).err, /ranks\/00001: process \d+.* is running in it/);
      match((await ends(2, args)).err, /another process|is running in it|--rank/);
      await ends(0, [...args, ...rank(0, 2)]);
      match((await ends(2, ["--out", out, "--only", "dedup"])).err, /1 is not finished/);
    }
    await ends(0, [...args, ...rank(1, 2)]);
    await ends(0, ["--out", out, "--only", "dedup", "--quiet"]);
    ok(rows(out, "documents").length > 50);
  }));
