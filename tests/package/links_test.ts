/**
 * Tests that a script in any other folder can use the package of a clone, by `links` in its deno.json, as
 * stages/README.md says: it passes the type check, runs, and ends by itself.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { withFolder } from "../temporary.ts";
import { root, runDeno } from "./script.ts";

/** Trains with a stage of its own. `ends` is the last line: what the script does not close. */
const script = (ends: string) => `
import { adamw, batch, byteTokenizer, encode, from, gpt, initialWeights, openEngine, openModel } from "@stagewise/gpt";
import { plan, rule, schedule, shard, train, windows, type Document } from "@stagewise/gpt";

const short = rule<Document>("short", ({ text }) => text.length > 20 ? null : "short");
const documents = Array.from({ length: 20 }, (_, i) => ({ id: \`\${i}\`, text: "we the people ".repeat(i) }));
const { vocabSize } = byteTokenizer();
const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 16, vocabSize });
const planned = plan({ model, training: { optimizer: adamw(), shape: [1, 4, 16], clip: 1 } });
const { engine } = await openEngine("cpu");
await from(documents)
  .pipe(short)
  .pipe(encode(byteTokenizer()))
  .pipe(shard({ dir: "shards", vocabSize, validationTokens: 100 }))
  .pipe(windows({ seqLen: 16, vocabSize }))
  .pipe(batch({ batchSize: 4, gradAccum: 1, seqLen: 16 }))
  .pipe(train({ engine, plan: planned, steps: 3, schedule: schedule({ kind: "constant", lr: 1e-3, steps: 3 }) }))
  .run({ onEvent: (e) => e.type === "step" && console.log("step", e.step) });
${ends}
`;
/** A flow whose items do not fit its stage, which the type check must notice. */
const wrong = `
import { batch, from } from "@stagewise/gpt";
// @ts-expect-error: numbers are no sequences
from([1, 2]).pipe(batch({ batchSize: 4, gradAccum: 1, seqLen: 16 }));
`;

const steps = ["step 0", "step 1", "step 2"];

Deno.test("a script in another folder imports every entry point, passes the type check, runs and ends", async () => {
  const files = { "script.ts": script(importsOf(Object.keys(config.exports))), "wrong.ts": wrong };
  await withProject(files, async (dir) => {
    strictEqual(await outputOf(["check", "script.ts", "wrong.ts"], dir), "");
    deepStrictEqual((await outputOf(running("script.ts"), dir)).split("\n"), [
      ...steps,
      ...Object.keys(config.exports).map((entryPoint) => `${entryPoint} true`),
    ]);
  });
});

Deno.test("a script ends although it has not closed a model, or has left a stream of parallel stages", async () => {
  const open = `
    const session = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
    console.log("left", typeof session.begin);`;
  await withProject({ "open.ts": script(open) }, async (dir) => {
    deepStrictEqual((await outputOf(running("open.ts"), dir)).split("\n"), [...steps, "left function"]);
  });
  const left = `
    import { encodeParallel, from } from "@stagewise/gpt";
    const many = Array.from({ length: 1000 }, (_, i) => ({ id: \`\${i}\`, text: "text" }));
    const encoded = from(many).pipe(encodeParallel({ tokenizer: "byte", workers: 2 }));
    for await (const { id } of encoded.stream()) {
      console.log("left at", id);
      break;
    }`;
  await withProject({ "left.ts": left }, async (dir) => {
    strictEqual(await outputOf(running("left.ts"), dir), "left at 0");
  });
});

/** Returns statements that import all entry points and print that each has values. */
function importsOf(entryPoints: readonly string[]): string {
  return entryPoints.map((entryPoint, i) =>
    `import * as entryPoint${i} from "@stagewise/gpt${entryPoint.slice(1)}";\n` +
    `console.log(${JSON.stringify(entryPoint)}, Object.keys(entryPoint${i}).length > 0);`
  ).join("\n");
}

/**
 * Calls `work` with a folder outside the clone, which contains these files and a deno.json that links to the
 * clone.
 */
function withProject(
  files: Readonly<Record<string, string>>,
  work: (dir: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/deno.json`, JSON.stringify({ links: [root] }));
    await Deno.copyFile(`${root}deno.lock`, `${dir}/deno.lock`); // the same packages, already downloaded
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${dir}/${name}`, text);
    await work(dir);
  });
}

function running(script: string): string[] {
  return ["run", "--no-prompt", `--allow-read=.,${root}`, "--allow-write=.", script];
}

/** Returns the standard output of a command that must succeed. */
async function outputOf(args: readonly string[], cwd: string): Promise<string> {
  const { code, out, err } = await runDeno(args, { cwd });
  strictEqual(code, 0, err);
  return out.trimEnd();
}
