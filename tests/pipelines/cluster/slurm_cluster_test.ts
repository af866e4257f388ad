/**
 * Runs the recipe for Slurm on a cluster of two nodes: ranks are killed and preempted, requeue themselves,
 * and the steps that wait for them come.
 *
 * @module
 */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { philox } from "../../../kernels/random/philox.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { existsSync } from "../../../stages/disk/whole_files.ts";
import { installPackages } from "../../cluster.ts";
import { beforeDeadline } from "../../deadline.ts";
import { SlurmCluster } from "../../slurm.ts";
import { rows } from "../fineweb/ranks.ts";
import { runsTo, withFolder } from "../program.ts";

const PATIENCE = 540_000; // milliseconds for all steps
const root = pathOfUrl(new URL("../../..", import.meta.url));

/** Writes documents in pairs of near-duplicates, enough that a rank works for some seconds. */
async function writeTexts(path: string): Promise<void> {
  const lines = Array.from({ length: 6000 }, (_, i) => {
    const words = Array.from({ length: 120 }, (_, k) => philox(1, `text ${i >> 1}`, k)[0].toString(36));
    if (i % 2 === 1) words[60] = "changed";
    return `${JSON.stringify({ text: `${words.join(" ")} mayor@town.org` })}\n`;
  });
  await Deno.writeTextFile(path, lines.join(""));
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 200));

/** Returns the number of the process that owns a rank's folder, once it has begun to write. */
async function ownerOf(folder: string): Promise<number> {
  for (;; await pause()) {
    try {
      Deno.statSync(`${folder}/metrics.jsonl`);
      return JSON.parse(Deno.readTextFileSync(`${folder}/run.lock`)).pid;
    } catch {
      // Not yet.
    }
  }
}

Deno.test("fineweb.sh under Slurm: a killed and a preempted rank requeue themselves, and the corpus is that of one process", () =>
  withFolder(async (dir) => {
    await Deno.chmod(dir, 0o755);
    await writeTexts(`${dir}/in.jsonl`);
    const options = ["--stages", "minhash,pii", "--part-bytes", "100000", "--workers", "1", "--quiet"];
    const source = ["--source", `${dir}/in.jsonl`, ...options];
    await runsTo(0, ["fineweb", ...source, "--out", `${dir}/one`]);
    await installPackages("munge", "slurmctld", "slurmd", "slurm-client");
    await using cluster = await SlurmCluster.open();
    const out = `${dir}/two`;
    const { success, stdout, stderr } = await new Deno.Command("sh", {
      args: ["pipelines/cluster/fineweb.sh", "2", out, ...source],
      cwd: root,
      env: { ...cluster.env, SBATCH_OPTIONS: `--mem=0 --output=${dir}/job-%A-%a.txt` },
    }).output();
    const text = new TextDecoder();
    ok(success, text.decode(stderr));
    match(text.decode(stdout), /The last step is job \d+/);
    const finish = async () => {
      const [killed] = await Promise.all([ownerOf(`${out}/ranks/00000`), ownerOf(`${out}/ranks/00001`)]);
      Deno.kill(killed, "SIGKILL");
      const filter = (await cluster.jobs()).find((job) => /_1 RUNNING/.test(job));
      ok(filter !== undefined);
      await cluster.command("scancel", "--signal=USR2", filter.split(" ")[0]);
      await cluster.until((jobs) => jobs.length === 0);
    };
    await beforeDeadline(finish(), PATIENCE);
    const logs = [...Deno.readDirSync(dir)].filter(({ name }) => name.startsWith("job-"))
      .map(({ name }) => `${name}: ${Deno.readTextFileSync(`${dir}/${name}`)}`).join("\n");
    ok(existsSync(`${out}/documents`), logs);
    for (const folder of ["documents", "removed/minhash"]) {
      deepStrictEqual(rows(out, folder), rows(`${dir}/one`, folder), `${folder}\n${logs}`);
    }
    for (const rank of ["00000", "00001"]) {
      const starts = logs.split(`fineweb in ${out}/ranks/${rank}, `).length - 1;
      ok(starts === 2, `rank ${rank} started ${starts} times\n${logs}`);
    }
  }));
