import { flagOf } from "../../../stages/report/option_text.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { idleOnDevice } from "../../../pipelines/cli/effect.ts";
import { prepareRun } from "../../../pipelines/cli/prepare.ts";
import { allPipelines } from "../all_pipelines.ts";
import { withFolder } from "../program.ts";
import { runHere } from "../in_process.ts";
import { shellWords } from "../shell_words.ts";

const pipelines = await allPipelines();

Deno.test("--help of every pipeline shows usage, three examples and the options people use", async () => {
  for (const { name, pipeline, acting } of pipelines) {
    const { code, out } = await runHere([name, "--help"]);
    strictEqual(code, 0, out);
    match(out, new RegExp(`^deno task pipeline ${name} \\[--option value\\]…\n`));
    const examples = out.slice(out.indexOf("\nExamples\n")).split("\n\n")[0].split("\n");
    strictEqual(examples.filter((line) => line.startsWith(`  deno task pipeline ${name}`)).length, 3, out);
    match(out, new RegExp(`\nEvery option: deno task pipeline ${name} --help all\n$`));
    const unknown = (pipeline.often ?? []).filter((option) => !Object.hasOwn(acting, option));
    deepStrictEqual(unknown, [], `${name}: options people use that do nothing there`);
    const listed = out.match(/^ {2}--\S+/gm)?.length ?? 0;
    ok(listed >= 2 && listed <= 26, `${name} --help lists ${listed} options`);
  }
});

Deno.test("--help all lists every option that acts in the pipeline, and no other", async () => {
  const cpu = { device: "cpu" } as const;
  for (const { name, pipeline, acting } of pipelines) {
    const idle = idleOnDevice(pipeline, cpu), onDevice = "device" in acting ? ["--device", "cpu"] : [];
    if (name === "lessons") onDevice.push("--figures"); // lists lessons without it, on no device
    const { out } = await runHere([name, "--help", "all", ...onDevice]);
    const listed = [...out.matchAll(/^ {2}--(\S+)/gm)].map(([, flag]) => flag.replace(/^no-/, ""));
    const expected = Object.keys(acting).filter((option) => !idle.has(option));
    deepStrictEqual(listed.sort(), expected.map(flagOf).sort(), name);
  }
});

Deno.test("every option with a number says its unit, in its help text or after its default", () => {
  const unit =
    /\b(steps?|tokens?|sequences|documents|items|questions|batches|threads|processes?|layers|blocks|heads|rows|characters|bytes|MiB|numbers|texts|words|letters|evaluations|samples|checkpoints|seconds|time|passes|nets|models?|dimensions|fraction|probabilit|probable|decay|rate|norm|seed|temperature|penalty|epsilon|momentum|deviations?|rank|vector|states|inspections|version|port|width|longest|share|factor|layer|percent|page)/;
  const without = pipelines.flatMap(({ name, acting }) =>
    Object.entries(acting)
      .filter(([, { placeholder }]) => /^[NXZ]$|^TIME$/.test(placeholder ?? ""))
      .filter(([, option]) => option.unit === undefined && !unit.test(option.about))
      .map(([option, { about }]) => `${name} --${flagOf(option)}: ${about}`)
  );
  deepStrictEqual(without, []);
});

Deno.test("the examples of --help are accepted as they are typed", async () => {
  await withFolder(async (dir) => {
    for (const named of pipelines) {
      for (const { typed } of named.pipeline.examples ?? []) {
        const words = shellWords(typed);
        const out = Object.hasOwn(named.acting, "out") && !words.includes("--out") &&
          !words.includes("--inspect");
        // Throws UsageError for an unknown or idle option and for a bad value. The files do not exist here.
        await prepareRun(named, {
          args: [...words, ...(out ? ["--out", `${dir}/run`] : [])],
          command: "deno task pipeline",
        }).catch((error) => {
          if (!/there is no such file/.test(error.message)) throw error;
        });
      }
    }
  });
});

Deno.test("--help shows the program's defaults, and names what a run in the folder would keep", async () => {
  await withFolder(async (dir) => {
    const eval_ = ["eval", "--out", `${dir}/run`];
    const options = { checkpoint: "elsewhere", batchSize: 16, evalBatches: 3 };
    const record = { pipeline: "eval", options, versions: {}, device: "cpu", seed: 1 };
    await Deno.mkdir(`${dir}/run`);
    await Deno.writeTextFile(`${dir}/run/config.json`, JSON.stringify(record));
    await Deno.writeTextFile(`${dir}/run/metrics.jsonl`, `{"type":"done","reason":"finished"}\n`);
    const { out } = await runHere([...eval_, "--help"]);
    match(out, /--batch-size N +sequences per batch \[4\]/);
    match(out, /keeps when it is resumed:[\s\S]*--batch-size\s+16/);
  });
});
