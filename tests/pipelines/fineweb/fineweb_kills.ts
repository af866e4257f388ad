/**
 * Runs of `fineweb` that are killed and resumed.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { philox } from "../../../kernels/random/philox.ts";
import { killedAt, runsTo, withFolder } from "../program.ts";

/**
 * Writes a JSON Lines file of 1,200 documents: 500 different texts, and copies of them with some words
 * changed.
 */
export async function writeSource(path: string): Promise<void> {
  const lines = Array.from({ length: 1200 }, (_, i) => {
    const parent = philox(1, "parents", i)[0] % 500;
    const words = Array.from({ length: 80 }, (_, k) => letters(philox(2, `parent ${parent}`, k)[0] % 5000));
    words[philox(3, "changed", i)[0] % 80] = "changed";
    return JSON.stringify({ id: `doc ${i}`, text: words.join(" ") });
  });
  await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
}

/**
 * Runs `fineweb`, kills the run when it first touches each of `paths`, and resumes it. Throws if the result
 * differs from the documents of an uninterrupted run.
 */
export async function finewebKilled(paths: readonly string[]): Promise<void> {
  await withFolder(async (dir) => {
    await writeSource(`${dir}/docs.jsonl`);
    const args = ["--source", `${dir}/docs.jsonl`, "--stages", "minhash", "--quiet", "--workers", "1"];
    await runsTo(0, ["fineweb", "--out", `${dir}/whole`, ...args]);
    const wanted = rows(`${dir}/whole`);
    deepStrictEqual(wanted.documents.length + wanted.removed.length, 1200);
    ok(wanted.documents.length > 400 && wanted.documents.length < 600, `${wanted.documents.length} kept`);
    const out = `${dir}/killed`;
    await Deno.mkdir(out);
    const kills: string[] = [];
    for (const path of paths) {
      if (await killedAt(path, { out, args })) kills.push(path);
    }
    ok(kills.length >= paths.length / 2, `killed at ${kills}`);
    await runsTo(0, ["fineweb", "--out", out, ...args]);
    deepStrictEqual(rows(out), wanted);
    const left = [...Deno.readDirSync(`${out}/minhash`)].map(({ name }) => name);
    ok(!left.includes("documents.store") && !left.includes("signatures.log"), `left: ${left}`);
  });
}

/** Returns the kept and the removed documents of a run. */
export function rows(out: string): { documents: string[]; removed: string[] } {
  const read = (path: string) =>
    new TextDecoder().decode(gunzipSync(Deno.readFileSync(`${out}/${path}/00000.jsonl.gz`))).trimEnd().split(
      "\n",
    );
  return { documents: read("documents"), removed: read("removed/minhash") };
}

function letters(number: number): string {
  return number.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]);
}
