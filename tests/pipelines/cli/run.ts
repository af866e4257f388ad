/** Runs the command line on the pipelines of this folder's tests. @module */
import { runMain } from "../../../pipelines/cli/main.ts";

const folder = new URL("pipelines/", import.meta.url);
Deno.exit(await runMain({ args: Deno.args, folder, command: "deno task pipeline" }));
