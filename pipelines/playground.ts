/**
 * The pipeline `playground`: builds a static page that trains a model in the browser, and serves it.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { from } from "../stages/flow/flow.ts";
import type { Source } from "../stages/flow/stage.ts";
import { isPortError } from "../stages/report/live/serve_runs.ts";
import { flag, integer } from "./cli/option_types.ts";
import { type Env, pipeline } from "./cli/pipeline.ts";
import { names, text } from "./lesson/data.ts";
import { buildPlayground, requirePlaygroundFolder } from "./parts/playground/build.ts";
import { type FolderServer, serveFolder } from "./parts/playground/serve_folder.ts";

const WAKE_EVERY = 250; // milliseconds between two looks for Ctrl-C

export default pipeline({
  about: "a static page that trains in the browser, built and served",
  writes: false,
  examples: [
    { does: "build the page and serve it until Ctrl-C", typed: "" },
    { does: "the same on a port of your choice", typed: "--port 8080" },
    { does: "only build it, for any web server", typed: "--out site --no-serve" },
  ],
  often: ["out", "port", "serve"],
  spares: ["seed", "device", "workers", "blas", "tune", "logEvery", "json"],
  options: {
    port: integer("port on 127.0.0.1; 0 takes a free one", {
      value: 0,
      min: 0,
      max: 65535,
      group: "Page",
      requires: { option: "serve", accepts: (serve) => serve === true, typed: "--serve" },
    }),
    serve: flag("only build the page", { value: true, group: "Page" }),
  },
  async build(o, env) {
    if (!env.dry) await requirePlaygroundFolder(env.out);
    const server = env.dry || !o.serve ? null : serve(env.out, o.port);
    return from(builtPage(env, server));
  },
});

/** Returns a source of the page's bytes, which builds the page and serves it until the run ends. */
function builtPage({ out, print }: Env, server: FolderServer | null): Source<number, null> {
  return {
    name: "page",
    open: () => null,
    async *read() {
      const texts = {
        speeches: (await text.open(null)).text,
        names: (await names.open(null)).words.join("\n"),
      };
      const bytes = await buildPlayground(out, texts);
      print(`Built ${out}: ${(bytes / 1e6).toFixed(1)} MB, for any web server\n`);
      yield bytes;
      if (server === null) return;
      print(`Playground: ${server.address}\nCtrl-C ends it.\n`);
      while (true) {
        await delay(WAKE_EVERY);
        yield bytes;
      }
    },
    async close() {
      await server?.[Symbol.asyncDispose]();
    },
  };
}

function serve(folder: string, port: number): FolderServer {
  try {
    return serveFolder(folder, { port });
  } catch (error) {
    if (!isPortError(error)) throw error;
    throw new RangeError(
      `Cannot serve the page on port ${port} (${error.message}): give another --port, or leave it out for a free one`,
    );
  }
}
