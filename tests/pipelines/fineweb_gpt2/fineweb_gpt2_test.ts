/**
 * Tests the main pipeline end to end on the embedded corpora: a run writes the documented files, and
 * interruptions do not change its results.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { commandOptions, runOptions } from "../../../pipelines/cli/run_options.ts";
import pipeline from "../../../pipelines/fineweb_gpt2.ts";
import { findAdapter } from "../../../kernels/engine/webgpu/device.ts";
import { filesAt, finewebGpt2Killed, intervals } from "./fineweb_gpt2_kills.ts";
import { same } from "../kill.ts";
import { webgpuTrainsAsCpu } from "./webgpu_course.ts";
import {
  courseOf,
  errorLine,
  eventsOf,
  runsTo,
  small,
  start,
  unfiltered,
  withDeno,
  withFolder,
} from "../program.ts";

/** For each type of event, the keys that it may have and those that it must have. */
const grammar: Readonly<Record<string, string>> = {
  run: "type pipeline device preset parameters seed resumed filters command started commit memory",
  graph: "type stages",
  step: "type step loss gradNorm lr tokens tokensPerSecond elapsed",
  eval: "type step valLoss bitsPerByte unigramLoss bytes text",
  sample: "type step text prompt",
  words: "type step samples words found firstTokens",
  checkpoint: "type step path seconds",
  stage: "type name in out dropped busy blocked lengths queued full inFlight",
  survey: "type name documents characters tokens lengths languages domains domainsMissed withoutUrl",
  note: "type text",
  done: "type reason",
};
const needed: Readonly<Record<string, string>> = {
  ...grammar,
  run: "device seed command started memory",
  eval: "step valLoss bitsPerByte bytes text",
  sample: "step text",
  words: "step samples words found",
  stage: "name in out dropped busy blocked",
};

Deno.test("fineweb-gpt2 trains while the stages before it still run, and leaves the files that the interface names", async () => {
  await withFolder(async (dir) => {
    const out = `${dir}/run`;
    const args = [
      "fineweb-gpt2",
      "--out",
      out,
      ...small,
      ...intervals,
      "--steps",
      "60",
      "--checkpoint-every",
      "25",
      "--lr",
      "1e-2",
      "--warmup",
      "5",
    ];
    const { out: said } = await runsTo(0, args);
    match(said, /Validation loss .* \(a unigram model: .*\); .* bits per byte/);
    match(said, /deno task pipeline sample --checkpoint/);

    const events = await eventsOf(out);
    const steps = events.filter((e) => e.type === "step");
    deepStrictEqual(steps.map((e) => e.step), Array.from({ length: 60 }, (_, i) => i));
    for (const event of events) {
      const keys = Object.keys(event);
      deepStrictEqual(
        keys.filter((key) => !(grammar[event.type] ?? "").split(" ").includes(key)),
        [],
        event.type,
      );
      deepStrictEqual(
        needed[event.type]?.split(" ").filter((key) => !keys.includes(key)) ?? [],
        [],
        event.type,
      );
    }
    strictEqual(events.findIndex((e) => e.type === "run"), 0);
    strictEqual(events.findIndex((e) => e.type === "done"), events.length - 1);
    strictEqual(events.filter((e) => e.type === "sample").map((e) => e.step).join(), "30,60");
    strictEqual(events.filter((e) => e.type === "eval").map((e) => e.step).join(), "20,40,60");
    // In 60 steps a model this small learns little more than token frequencies.
    const losses = events.filter((e) => e.type === "eval").map((e) => e.valLoss);
    ok(losses[2] < losses[0] && losses[2] < Math.log(512) - 0.5, `validation losses ${losses}`);
    // The last step is saved before it is evaluated, and once more after it.
    strictEqual(events.filter((e) => e.type === "checkpoint").map((e) => e.step).join(), "25,50,60,60");
    const read = events.findLast((e) => e.type === "stage" && e.name === "embedded").out;
    // If all documents had been read, training would have waited for the whole source.
    ok(read < 6279, `${read} documents were read: the whole corpus`);

    const config = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
    strictEqual(config.options.layers, 1);
    const names = Object.keys({ ...runOptions, ...pipeline.options }).filter((name) =>
      !commandOptions.has(name)
    );
    deepStrictEqual(Object.keys(config.options).sort(), names.sort());
    for (const name of ["device", "seed", "versions"]) ok(name in config, name);
    const stats = JSON.parse(await Deno.readTextFile(`${out}/data/stats.json`));
    ok(JSON.stringify(stats).includes("gopher_below_alpha_threshold"));
    for (
      const file of [
        "report.html",
        "tokenizer/tokenizer.json",
        "tokenizer/tokenizer.model",
        "tokenizer/merges.txt",
        "shards/train_000000.bin",
        "shards/val_000000.bin",
        "samples/step-000060.txt",
        "removed/gopher-quality/00000.jsonl.gz",
        ..."model.safetensors optimizer.safetensors stream.json manifest.json".split(" ").map((f) =>
          `checkpoints/step-000060/${f}`
        ),
      ]
    ) ok((await Deno.stat(`${out}/${file}`)).size > 0, file);
    strictEqual((await Deno.readTextFile(`${out}/checkpoints/latest`)).trim(), "step-000060");

    match((await runsTo(0, args)).out, /is finished .*To continue it:.*--steps 120/s);
    await runsTo(0, ["fineweb-gpt2", "--out", out, "--steps", "65"]);
    strictEqual((await eventsOf(out)).filter((e) => e.type === "step").length, 65);
    const { err } = await runsTo(2, ["fineweb-gpt2", "--out", out, "--steps", "70", "--beta1", "0.5"]);
    match(err, /--beta1 0\.5.*--beta1 0\.9/);
  });
});

Deno.test("fineweb-gpt2 killed while it writes a checkpoint ends like an uninterrupted run, bit for bit", () =>
  finewebGpt2Killed(["writing"]));

Deno.test("fineweb-gpt2 interrupted by Ctrl-C says how to resume, and the resumed run equals an uninterrupted one", async () => {
  await withFolder(async (dir) => {
    const args = [...small, ...intervals, "--steps", "200", "--checkpoint-every", "1000", "--json"];
    await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/whole`, ...args]);
    const process = start(["fineweb-gpt2", "--out", `${dir}/stopped`, ...args]);
    let sent = false;
    for await (const piece of process.stdout.pipeThrough(new TextDecoderStream())) {
      if (sent || !piece.includes('"type":"step"')) continue;
      sent = true;
      process.kill("SIGINT");
    }
    const err = await new Response(process.stderr).text();
    strictEqual((await process.status).code, 130, err);
    match(withDeno(err), /To resume: deno task pipeline fineweb-gpt2 --out/);
    ok((await eventsOf(`${dir}/stopped`)).filter((e) => e.type === "step").length < 200);
    await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/stopped`, ...args]);
    await same(`${dir}/whole`, `${dir}/stopped`, filesAt("step-000200"));
  });
});

Deno.test("fineweb-gpt2 repeats a run with the same seed and differs with another", async () => {
  await withFolder(async (dir) => {
    const losses = async (name: string, seed: string) => {
      const args = ["--steps", "10", "--eval-every", "0", "--sample-every", "0", "--seed", seed, "--quiet"];
      await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/${name}`, ...small, ...unfiltered, ...args]);
      return await courseOf(`${dir}/${name}`);
    };
    const first = await losses("a", "3");
    deepStrictEqual(await losses("b", "3"), first);
    ok(JSON.stringify(await losses("c", "4")) !== JSON.stringify(first));
  });
});

const onWebgpu = "fineweb-gpt2 on webgpu trains to the losses of the CPU engine within 1e-4 over 4 steps";
const noAdapter = await findAdapter() === null && Deno.env.get("CI") !== "true";
Deno.test({
  name: noAdapter ? `${onWebgpu} (ignored: no WebGPU adapter)` : onWebgpu,
  ignore: noAdapter,
  fn: () => webgpuTrainsAsCpu(4),
});

Deno.test("fineweb-gpt2 without an adapter says how to get one for --device webgpu, and otherwise trains on the CPU", async () => {
  await withFolder(async (dir) => {
    const hidden = { DENO_WEBGPU_BACKEND: Deno.build.os === "darwin" ? "vulkan" : "metal" };
    const args = [
      "fineweb-gpt2",
      "--out",
      `${dir}/run`,
      ...small,
      ...unfiltered,
      "--steps",
      "2",
      "--eval-every",
      "0",
    ];
    const refused = await runsTo(2, [...args, "--device", "webgpu"], hidden);
    match(errorLine(refused), /no adapter: .*--device cpu/);
    deepStrictEqual([...Deno.readDirSync(dir)], []);
    await runsTo(0, args, hidden);
  });
});
