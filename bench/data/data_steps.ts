/**
 * What each step of a data job costs by rank: user CPU seconds per GB of text and per document, and bytes
 * written, in processes of one thread. The text is made of paragraphs of the speeches that come with the
 * program; a third of the documents are near-duplicates. What costs little per document shows with short
 * documents and without filters: `--sentences 2 --stages minhash`.
 *
 *     deno run -A bench/data/data_steps.ts [--megabytes 100] [--world 2] [--only tokenize|fineweb]
 *       [--sentences 25] [--stages A,B] [--records full,short]
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { philox } from "../../kernels/random/philox.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { embedded } from "../../stages/source/embedded/embedded.ts";
import { from } from "../../stages/flow/flow.ts";

const args = parseArgs(Deno.args, {
  string: ["megabytes", "world", "only", "sentences", "stages", "records"],
});
const megabytes = Number(args.megabytes ?? 100), world = Number(args.world ?? 2);
const sentencesEach = Number(args.sentences ?? 25);
const folder = await Deno.makeTempDir({ prefix: "data-steps-" });
const root = pathOfUrl(new URL("../..", import.meta.url));

/** Writes JSON lines of documents, by default of about 3 kB. Returns their number and size. */
async function writeInput(path: string): Promise<{ readonly bytes: number; readonly documents: number }> {
  const speeches = await Array.fromAsync(from(embedded("sotu")).stream());
  const sentences = speeches.flatMap(({ text }) => text.split(/(?<=[.!?]) +/));
  const encoder = new TextEncoder();
  using file = await Deno.open(path, { write: true, create: true });
  const each = Math.min(5, sentencesEach);
  let bytes = 0, documents = 0;
  for (let i = 0; bytes < megabytes * 1e6; i++, documents++) {
    const parent = i % 3 === 2 ? i - 1 : i; // the near-duplicate of the document before it
    const paragraphs = Array.from({ length: Math.ceil(sentencesEach / each) }, (_, p) => {
      const at = philox(1, `paragraph ${parent}`, p)[0] % (sentences.length - each);
      return sentences.slice(at, at + each).join(" ");
    });
    const text = `${paragraphs.join("\n")}${
      parent === i ? "" : "\nOne more sentence was added at the end of it."
    }`;
    bytes += encoder.encode(text).length;
    await file.write(encoder.encode(`${JSON.stringify({ id: `${i}`, text })}\n`));
  }
  return { bytes, documents };
}

/** Runs a command; returns its user CPU seconds. */
async function userSeconds(words: readonly string[]): Promise<number> {
  const command = ["deno", "task", "--quiet", "pipeline", ...words, "--quiet", "--workers", "1"];
  const { success, stderr } = await new Deno.Command("bash", {
    args: ["-c", 'TIMEFORMAT=%U; time "$@"', "bash", ...command],
    cwd: root,
    stdout: "null",
  }).output();
  const text = new TextDecoder().decode(stderr);
  if (!success) throw new Error(`${words.join(" ")} failed: ${text}`);
  return Number(text.trim().split("\n").at(-1));
}

/** Returns the size of all files in a folder, with those that a process may have deleted left out. */
function sizeOf(dir: string): number {
  let sum = 0;
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    sum += isDirectory ? sizeOf(`${dir}/${name}`) : Deno.statSync(`${dir}/${name}`).size;
  }
  return sum;
}

const { bytes: text, documents } = await writeInput(`${folder}/in.jsonl`), gigabytes = text / 1e9;
const ranks = Array.from({ length: world }, (_, rank) => ["--rank", `${rank}`]);
const startUp = await userSeconds(["fineweb", "--source", `${folder}/in.jsonl`, "--dry-run"]);
console.log(
  `${
    (text / 1e6).toFixed(0)
  } MB of text in ${documents} documents, ${world} ranks; a process without work: ${startUp} s, subtracted`,
);
console.log(
  "| step | user s | user s per GB of text | µs per document | bytes kept per byte of text |\n" +
    "| --- | --- | --- | --- | --- |",
);

/** Runs a step of all given ranks and prints its row. */
async function step(name: string, runs: readonly (readonly string[])[], out: string): Promise<void> {
  const before = await exists(out) ? sizeOf(out) : 0;
  let seconds = 0;
  for (const run of runs) seconds += Math.max(0, await userSeconds(run) - startUp);
  const written = (sizeOf(out) - before) / text;
  const [perGigabyte, perDocument] = [seconds / gigabytes, 1e6 * seconds / documents].map((x) =>
    x.toFixed(1)
  );
  console.log(
    `| ${name} | ${seconds.toFixed(1)} | ${perGigabyte} | ${perDocument} | ${written.toFixed(3)} |`,
  );
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

const stages = args.stages ?? "gopher-repetition,gopher-quality,c4,fineweb-quality,minhash,pii";
for (const records of args.only === "tokenize" ? [] : (args.records ?? "full,short").split(",")) {
  const out = `${folder}/${records}`, job = ["fineweb", "--out", out];
  const source = ["--source", `${folder}/in.jsonl`, "--stages", stages, "--minhash-records", records];
  await step(
    `plan (${records} records)`,
    [[...job, ...source, "--world", `${world}`, "--only", "plan"]],
    out,
  );
  await step("filter", ranks.map((rank) => [...job, ...rank, "--only", "filter"]), out);
  await step("buckets", ranks.map((rank) => [...job, ...rank, "--only", "buckets"]), out);
  await step("clusters", [[...job, "--only", "clusters"]], out);
  await step("dedup", ranks.map((rank) => [...job, ...rank, "--only", "dedup"]), out);
}
if (args.only !== "fineweb") {
  const tokens = `${folder}/tokens`, job = ["tokenize", "--out", tokens];
  const source = ["--source", `${folder}/in.jsonl`, "--world", `${world}`];
  await step("tokenize: plan", [[...job, ...source, "--only", "plan"]], tokens);
  await step("tokenize: encode", ranks.map((rank) => [...job, ...source, ...rank]), tokens);
  await step("tokenize: merge", [[...job, "--only", "merge"]], tokens);
}
await Deno.remove(folder, { recursive: true });
