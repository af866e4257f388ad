/**
 * The program of `deno task pipeline`. It imports no package, so it starts at once even where none is
 * installed, and says what it fetches before it loads the rest.
 *
 * @module
 */
import { fetchProgramPackages } from "../../stages/disk/packages.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { processConsole } from "../../stages/run/console.ts";
import { hasBoundsChecks } from "../../kernels/engine/cpu/tiles.ts";
import { silenceMesa } from "./mesa.ts";
import { taskName, typedConsole, typedTask } from "./typed_command.ts";

silenceMesa();

try {
  await fetchProgramPackages();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}

// Not a literal specifier, since Deno would fetch the packages of the module before it runs this one.
const { runMain }: typeof import("./main.ts") = await import(new URL("./main.ts", import.meta.url).href);
const root = pathOfUrl(new URL("../../", import.meta.url));
const ffi = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
// dawn.ts replaces Deno's own `navigator.gpu`.
const dawn = !(navigator.gpu instanceof GPU);
const task = taskName({ ffi, boundsChecks: hasBoundsChecks(), dawn });
const start = { execPath: Deno.execPath(), version: Deno.version.deno, cwd: Deno.cwd(), root };
const { runDistributed }: typeof import("./distributed.ts") = await import(
  new URL("./distributed.ts", import.meta.url).href
);
Deno.exit(
  await runDistributed(Deno.args, (leader) =>
    runMain({
      args: Deno.args,
      folder: new URL("../", import.meta.url),
      command: "deno task pipeline",
      console: typedConsole(processConsole(), typedTask(start), task),
      leader,
    })),
);
