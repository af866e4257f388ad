/**
 * Tests what a first run fetches, with an empty package cache. Where the npm registry cannot be reached, the
 * test is ignored and its name says so; with CI=true it fails.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { from } from "../../stages/flow/flow.ts";
import { embedded } from "../../stages/source/embedded/embedded.ts";
import { registryFailure } from "../registry.ts";
import { withFolder } from "../temporary.ts";
import { runDeno } from "./script.ts";

/** The most that the list of pipelines, or a run on one's own text, may fetch. */
const mostPackages = 110, mostBytes = 100e6;

const name =
  "the first run on one's own text fetches at most 110 packages and 100 MB, and says so in a line each";
const why = Deno.env.get("CI") === "true" ? null : await registryFailure();
Deno.test({
  name: why === null ? name : `${name} (ignored: ${why})`,
  ignore: why !== null,
  fn: firstRun,
});

async function firstRun(t: Deno.TestContext): Promise<void> {
  await withFolder(async (folder) => {
    const env = { DENO_DIR: `${folder}/cache` }, text = `${folder}/my.txt`;
    let packages = 0;

    await t.step("the list of pipelines", async () => {
      const { code, out, err } = await runDeno(["task", "--quiet", "pipeline"], { env });
      strictEqual(code, 0, err);
      match(out, /^Pipelines:\n/);
      packages = await packagesIn(env.DENO_DIR);
      const megabytes = Math.ceil(await bytesIn(`${env.DENO_DIR}/npm`) / 1e6);
      match(err, new RegExp(`^Fetching ${packages} npm packages, \\d+ MB …\n$`));
      const announced = Number(/(\d+) MB/.exec(err)?.[1]);
      ok(Math.abs(announced - megabytes) < megabytes / 4, `${announced} MB announced, ${megabytes} fetched`);
      await checkLimits(env.DENO_DIR);
    });

    await t.step("once fetched, nothing is said", async () => {
      const { err } = await runDeno(["task", "--quiet", "pipeline"], { env });
      strictEqual(err, "");
    });

    await t.step("a run on one's own text", async () => {
      await writeText(text);
      const args = ["fineweb-gpt2", "--source", text, "--steps", "2", "--out", `${folder}/run`];
      const { code, err } = await runDeno(["task", "--quiet", "pipeline", ...args], { env });
      strictEqual(code, 0, err);
      const announced = [...err.matchAll(/^Fetching \S+: (\d+) npm packages, \d+ MB …$/gm)];
      const more = announced.reduce((sum, [, count]) => sum + Number(count), 0);
      strictEqual(packages + more, await packagesIn(env.DENO_DIR), err);
      deepStrictEqual(err.match(/^(.*Download|error:).*$/gm), null);
      await checkLimits(env.DENO_DIR);
    });

    await t.step("the chat page, whose libraries are read as text", async () => {
      const script = `import { chatPage } from "./pipelines/page/chat/chat_page.ts"; await chatPage();`;
      const { code, err } = await runDeno(["eval", "--ext=ts", "--lock=deno.lock", "--frozen", script], {
        env,
      });
      strictEqual(code, 0, err);
      match(err, /^Fetching 3 npm packages, \d+ MB …$/m);
    });
  });
}

Deno.test("without a network, a first run says in one line what is missing", async () => {
  await withFolder(async (folder) => {
    const env = { DENO_DIR: `${folder}/cache`, NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/" };
    const { code, out, err } = await runDeno(["task", "--quiet", "pipeline"], { env });
    deepStrictEqual([code, out], [1, ""]);
    match(
      err,
      /^Fetching .*\nerror: Cannot fetch .*arquero.*: connect to the network and run the command again\n$/,
    );
  });
});

/** Writes some of the speeches, which pass the filters. */
async function writeText(path: string): Promise<void> {
  const texts: string[] = [];
  for await (const { text } of from(embedded("sotu", { ordered: true })).stream()) {
    if (texts.push(text) === 40) break;
  }
  await Deno.writeTextFile(path, texts.join("\n\n"));
}

async function checkLimits(cache: string): Promise<void> {
  const packages = await packagesIn(cache), bytes = await bytesIn(cache);
  ok(packages <= mostPackages, `${packages} packages, wanted at most ${mostPackages}`);
  ok(bytes <= mostBytes, `${bytes} bytes in ${cache}, wanted at most ${mostBytes}`);
}

/** Returns the number of packages in a cache: folders <registry>/[@scope/]name/version. */
async function packagesIn(cache: string): Promise<number> {
  let count = 0;
  for await (const path of paths(`${cache}/npm`)) {
    if (/\/npm\/[^/]+\/(@[^/]+\/)?[^/@]+\/\d[^/]*\/package\.json$/.test(path)) count++;
  }
  return count;
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for await (const path of paths(folder)) {
    const { blocks, size } = await Deno.lstat(path);
    bytes += blocks === null ? size : blocks * 512;
  }
  return bytes;
}

/** All files in a folder. */
async function* paths(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* paths(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
