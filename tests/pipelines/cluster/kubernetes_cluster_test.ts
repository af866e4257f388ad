/**
 * Tests that the command of the containers in the Kubernetes manifest runs: with the variables that a pod of
 * an indexed job has, in the folders of this machine in place of the image's and the volume's.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { dirname } from "node:path";
import { beforeDeadline } from "../../deadline.ts";
import { rows, writeSources } from "../fineweb/ranks.ts";
import { type Finished, runsTo, withDeno, withFolder } from "../program.ts";
import { root } from "../../package/script.ts";
import { jobOf } from "./manifest.ts";

const RANKS = 2;

/** Starts the container of a pod, whose first process has the number 1 in it. */
async function pod(dir: string, { step, index }: { readonly step: string; readonly index: number }) {
  const { spec } = await jobOf(step, RANKS, RANKS);
  const { command, args, workingDir } = spec.template.spec.containers[0];
  strictEqual(workingDir, "/app");
  const words = [...command, ...args].map((word) => word.replaceAll("/corpus/", `${dir}/`));
  return new Deno.Command("unshare", {
    args: ["--pid", "--fork", "--kill-child", "--mount-proc", ...words],
    cwd: root,
    clearEnv: true,
    env: {
      PATH: `${dirname(Deno.execPath())}:/usr/bin:/bin`,
      HOME: Deno.env.get("HOME") ?? "/root",
      JOB_COMPLETION_INDEX: `${index}`,
      KUBERNETES_SERVICE_HOST: "10.0.0.1",
      NO_COLOR: "1",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function ended(process: Deno.ChildProcess): Promise<Finished> {
  const { code, stdout, stderr } = await beforeDeadline(process.output(), 180_000);
  const text = new TextDecoder();
  return { code, out: withDeno(text.decode(stdout)), err: withDeno(text.decode(stderr)) };
}

Deno.test("the container's command runs each step of the manifest, and resumes a pod that was evicted", () =>
  withFolder(async (dir) => {
    await writeSources(`${dir}/dump`);
    const archive = await Deno.readFile(`${dir}/dump/a.warc.gz`);
    await Deno.writeFile(`${dir}/dump/e.warc.gz`, new Uint8Array(Array(30).fill([...archive]).flat()));
    await runsTo(0, [
      "fineweb",
      "--source",
      `${dir}/dump/*.warc.gz`,
      "--out",
      `${dir}/one`,
      "--workers",
      "1",
    ]);
    const run = async (step: string, index: number): Promise<void> => {
      const { code, err } = await ended(await pod(dir, { step, index }));
      strictEqual(code, 0, `${step} ${index}: ${err}`);
    };
    await run("plan", 0);
    // Kubernetes sends SIGTERM to the first process of the container, which has no default for signals.
    const evicted = await pod(dir, { step: "filter", index: 1 }), end = ended(evicted);
    await hasLine(`${dir}/out/ranks/00001/metrics.jsonl`);
    Deno.kill(await childOf(evicted.pid), "SIGTERM");
    const { code, err } = await end;
    strictEqual(code, 130, err);
    match(err, /[Cc]heckpoint/);
    for (const index of [0, 1]) await run("filter", index);
    for (const index of [0, 1]) await run("buckets", index);
    await run("clusters", 0);
    for (const index of [0, 1]) await run("dedup", index);
    for (const folder of ["documents", "removed/minhash"]) {
      deepStrictEqual(rows(`${dir}/out`, folder), rows(`${dir}/one`, folder), folder);
    }
    ok(rows(`${dir}/out`, "documents").length > 0);
    // Exit code 2 ends the index: see podFailurePolicy.
    strictEqual((await ended(await pod(dir, { step: "clusterz", index: 0 }))).code, 2);
  }));

async function childOf(pid: number): Promise<number> {
  return Number((await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim());
}

/** Waits until a file has a line. */
async function hasLine(path: string): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if ((await Deno.readTextFile(path).catch(() => "")).includes("\n")) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${path} has no line after 40 s`);
}
