/**
 * Tests the package as it would be published: which files it has, and that scripts in another folder work
 * with exactly these files, from a folder and from an HTTP server in place of a registry.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import importMap from "../../.imports.json" with { type: "json" };
import config from "../../deno.json" with { type: "json" };
import { withFolder } from "../temporary.ts";
import { copyTo, publishedFiles, serveFolder } from "./published.ts";
import { losses, printed, root, runDeno, runScript } from "./script.ts";

const scripts = ["train_tiny.ts", "use_entry_points.ts"];
const used = { signature: true, page: true, random: 4, flow: "function" };

Deno.test("deno publish --dry-run passes; its files suffice for scripts elsewhere", async (t) => {
  const files = await publishedFiles();

  await t.step("the files are the product's: no tests, benches, data or sources of WASM", () => {
    const others = /^(tests|bench|runs|\.(?!imports\.json$))|_test\.ts$|_wasm\.ts$|\/wasm\/.*\.ts$/;
    deepStrictEqual(files.filter((file) => others.test(file)), []);
    for (
      const file of [
        "deno.json",
        ".imports.json",
        "LICENSE",
        "NOTICE",
        "README.md",
        ...Object.values(config.exports),
      ]
    ) {
      ok(files.includes(file.replace("./", "")), `${file} is not published`);
    }
  });

  await withFolder(async (folder) => {
    const copy = `${folder}/package`, user = `${folder}/user`;
    await copyTo(copy, files);
    await Deno.mkdir(user);
    for (const script of scripts) await Deno.copyFile(`${root}tests/package/${script}`, `${user}/${script}`);
    const entryPoints = Object.keys(config.exports).map((entryPoint) =>
      entryPoint.replace(/^\./, config.name)
    );
    await Deno.writeTextFile(`${user}/entry_points.ts`, entryPointsScript(entryPoints));

    await t.step("from a folder, linked: types under default options, entry points, training", async () => {
      await Deno.writeTextFile(
        `${user}/deno.json`,
        JSON.stringify({ imports: { [config.name]: `jsr:${config.name}` }, links: [copy], lock: false }),
      );
      const names = ["entry_points.ts", ...scripts];
      const { code, err } = await runDeno(["check", "--quiet", "--cached-only", ...names], { cwd: user });
      deepStrictEqual([code, err], [0, ""]);
      const run = (args: readonly string[]) =>
        runScript(["--cached-only", "--no-prompt", ...args], { cwd: user });
      deepStrictEqual(printed(await run(["entry_points.ts"])), entryPoints);
      deepStrictEqual(printed(await run(["use_entry_points.ts"])), used);
      const trained = losses(await run(["train_tiny.ts", "0"]));
      deepStrictEqual(losses(await run([`--allow-read=${copy}`, "train_tiny.ts", "2"])), trained);
    });

    await t.step("from a server, without a folder: training and what comes besides modules", async () => {
      await using server = serveFolder(copy);
      const address = `http://127.0.0.1:${server.port}/`;
      const imports: Record<string, string> = { ...importMap.imports };
      for (const [entryPoint, path] of Object.entries(config.exports)) {
        imports[entryPoint.replace(/^\./, config.name)] = new URL(path, address).href;
      }
      await Deno.writeTextFile(`${user}/deno.json`, JSON.stringify({ imports, lock: false }));
      const env = { DENO_DIR: await cacheWithPackages(folder) };
      const run = (args: readonly string[]) =>
        runScript(["--no-prompt", `--allow-import=127.0.0.1:${server.port}`, ...args], { cwd: user, env });
      deepStrictEqual(printed(await run(["use_entry_points.ts"])), used);
      const trained = losses(await run(["train_tiny.ts", "0"]));
      deepStrictEqual(losses(await run(["train_tiny.ts", "2"])), trained);
    });
  });
});

/** Returns a script that imports all entry points and prints their names as JSON. */
function entryPointsScript(entryPoints: readonly string[]): string {
  const imports = entryPoints.map((entryPoint, i) => `import * as entryPoint${i} from "${entryPoint}";`);
  const pairs = entryPoints.map((entryPoint, i) => `[${JSON.stringify(entryPoint)}, entryPoint${i}]`);
  return `${imports.join("\n")}
const entryPoints: [string, object][] = [${pairs.join(", ")}];
console.log(JSON.stringify(entryPoints.filter(([, entryPoint]) => Object.keys(entryPoint).length > 0).map(([name]) => name)));
`;
}

/** Returns a cache folder for Deno with the npm packages of the real one and no modules. */
async function cacheWithPackages(folder: string): Promise<string> {
  const { npmCache } = JSON.parse((await runDeno(["info", "--json"])).out);
  await Deno.mkdir(`${folder}/cache`);
  await Deno.symlink(npmCache, `${folder}/cache/npm`);
  return `${folder}/cache`;
}
