/**
 * The pipeline `serve`: answers clients of OpenAI's API until Ctrl-C.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { readText } from "../stages/disk/files.ts";
import { from } from "../stages/flow/flow.ts";
import type { Source } from "../stages/flow/stage.ts";
import { openModel } from "../stages/model/model_session.ts";
import { isPortError } from "../stages/report/live/serve_runs.ts";
import { TokenGenerator } from "../stages/sample/token_generator.ts";
import type { Toolbox } from "../stages/tool/toolbox.ts";
import { chatPage } from "./page/chat/chat_page.ts";
import { integer, repeated, repeatedPaths, text } from "./cli/option_types.ts";
import { type Env, pipeline, type Values } from "./cli/pipeline.ts";
import {
  type ChatModel,
  chatModel,
  chatModelOptions,
  checkInferenceMemory,
  newestChatModel,
} from "./parts/chat/chat_model.ts";
import { toolOptions } from "./parts/posttrain/tool_options.ts";
import { openTools } from "./parts/posttrain/tools.ts";
import { planLines } from "./parts/plan_lines.ts";
import type { ApiOptions } from "./serve/api.ts";
import { isLoopback } from "./serve/guard.ts";
import { fingerprint, type ServedModel } from "./serve/served_model.ts";
import { type ApiServer, startServer } from "./serve/server.ts";

const server = { group: "Server" };

const options = {
  checkpoint: repeatedPaths(
    "model to serve: a run's folder or checkpoint, a Hugging Face folder, a .gguf, a .pt, an llm.c .bin; may be repeated; default: the newest of runs/assistant, rl, dpo and sft",
    { value: [], placeholder: "MODEL", stored: "model", group: "Model" },
  ),
  ...chatModelOptions,
  ...toolOptions({ group: "Tools" }),
  port: integer("port; 0 takes a free one", { value: 8000, min: 0, max: 65535, ...server }),
  host: text("address to listen on; 0.0.0.0 lets other machines in: give --token too", {
    value: "127.0.0.1",
    placeholder: "ADDRESS",
    ...server,
  }),
  token: text(
    "secret that clients must give as API key, or FILE:PATH to read it from a file; default: none",
    {
      value: null,
      placeholder: "SECRET",
      ...server,
    },
  ),
  cors: repeated("origin of pages that may use the server, such as http://localhost:3000; may be repeated", {
    value: [],
    placeholder: "ORIGIN",
    ...server,
  }),
  parallel: integer("answers that a model generates at the same time; others wait", {
    value: 4,
    min: 1,
    max: 1024,
    ...server,
  }),
  queue: integer("answers that may wait for a model; more are refused with status 429", {
    value: 1024,
    min: 0,
    ...server,
  }),
};

const WAKE_EVERY = 250; // milliseconds between two looks for Ctrl-C

export default pipeline({
  about: "model → an OpenAI-compatible HTTP API and a chat page",
  writes: false,
  options,
  examples: [
    { does: "the newest model of this folder's runs", typed: "" },
    {
      does: "a published model, for eight clients at once",
      typed: "--checkpoint SmolLM2-135M-Instruct.Q4_1.gguf --parallel 8",
    },
    {
      does: "for other machines, with a secret",
      typed: "--checkpoint runs/sft --host 0.0.0.0 --token FILE:secret.txt",
    },
  ],
  often: ["checkpoint", "port", "host", "token", "parallel", "context", "device"],
  spares: ["out", "seed", "logEvery", "json"],
  speedHints: "sampling",
  workersFor: "engine",
  async build(o, env) {
    o.cors.forEach(checkOrigin);
    if (!env.dry) checkPort(o);
    const token = await tokenOf(o.token), page = env.dry ? "" : await chatPage(), models = await modelsOf(o);
    return from(requests(() => serving(models, { o, token, page, env })));
  },
  async plan(o) {
    const plans = (await modelsOf(o)).map(({ plan }) => plan);
    return plans.flatMap(({ parameterCount, memory }) => planLines({ parameterCount, memory }));
  },
});

/** A model and the tools that the server runs for it. */
type ToolModel = ChatModel & { readonly toolbox: Toolbox | null };

async function modelsOf(o: Values<typeof options>): Promise<readonly ToolModel[]> {
  const paths = o.checkpoint.length === 0 ? [await newestChatModel()] : o.checkpoint;
  return await Promise.all(paths.map(async (path) => {
    const model = await chatModel(path, o, { texts: o.parallel, scores: true }),
      { tokenizer, template } = model;
    const toolbox = template === null ? null : await openTools(o, { tokenizer, template, keepsFacts: false });
    return { ...model, toolbox };
  }));
}

async function tokenOf(given: string | null): Promise<string | null> {
  if (given === null) return null;
  const token = given.startsWith("FILE:") ? (await readText(given.slice("FILE:".length))).trim() : given;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new RangeError(
    "Cannot use this --token: a token consists of letters, digits and signs, without blanks",
  );
}

/** A server that runs, and what it must close after it. */
interface Serving extends AsyncDisposable {
  readonly running: ApiServer;
}

/** Returns a source that serves while its items, the numbers of active answers, are asked for. */
function requests(start: () => Promise<Serving>): Source<number> {
  let serving: Serving | null = null;
  return {
    name: "requests",
    open: () => ({}),
    async *read() {
      serving = await start();
      while (true) {
        await delay(WAKE_EVERY);
        yield serving.running.api.active;
      }
    },
    close: async () => await serving?.[Symbol.asyncDispose](),
  };
}

/** Opens the models and starts the server. */
async function serving(
  models: readonly ToolModel[],
  { o, token, page, env }: {
    readonly o: Values<typeof options>;
    readonly token: string | null;
    readonly page: string;
    readonly env: Env;
  },
): Promise<Serving> {
  await using sessions = new AsyncDisposableStack();
  const engine = await env.engine(), all: ServedModel[] = [];
  for (const { name, path, plan, weights, tokenizer, template, noTemplate, written, toolbox } of models) {
    checkInferenceMemory(plan, engine);
    const generator = new TokenGenerator(sessions.use(await openModel(engine, { plan, weights })));
    if (toolbox !== null) sessions.use(toolbox);
    all.push({
      id: models.filter((other) => other.name === name).length > 1 ? path : name,
      fingerprint: fingerprint(`${path} ${written} ${engine.name} ${engine.device}`),
      created: Math.floor(written / 1000),
      generator,
      tokenizer,
      template,
      noTemplate,
      context: plan.cacheLength,
      parallel: o.parallel,
      toolbox,
    });
  }
  const api: ApiOptions = {
    models: all,
    host: o.host,
    port: o.port,
    token,
    cors: o.cors,
    machine: isLoopback(o.host) ? null : Deno.hostname(),
    queue: o.queue,
    page,
    log: (error, request) => console.error(`${request}:`, error),
  };
  const running = await startServer(api), { address } = running;
  if (!isLoopback(o.host) && token === null) {
    env.emit({ type: "note", text: `anyone who reaches ${address} may use it: give --token SECRET` });
  }
  env.print(`${all.map(({ id }) => id).join(", ")} at ${address}, base URL ${address}/v1\nCtrl-C ends it.\n`);
  const opened = sessions.move();
  return {
    running,
    async [Symbol.asyncDispose]() {
      await running.close();
      await opened.disposeAsync();
    },
  };
}

/** Throws RangeError for what no browser sends as an origin, which would let no page in. */
function checkOrigin(given: string): void {
  const url = URL.parse(given), isWeb = url !== null && /^https?:$/.test(url.protocol);
  if (given === "*" || given === "null" || isWeb && url.origin === given.toLowerCase()) return;
  const origin = isWeb ? url.origin : "http://localhost:3000";
  throw new RangeError(
    `Cannot use --cors ${given}: expected an origin, which is a scheme, a name and a port, without a path: give one such as --cors ${origin}`,
  );
}

/** Throws RangeError if the server could not listen, before the model is loaded. */
function checkPort({ host, port }: Pick<Values<typeof options>, "host" | "port">): void {
  try {
    Deno.listen({ hostname: host, port }).close();
  } catch (error) {
    if (!(error instanceof Error) || !isPortError(error) && !isAddressError(error)) throw error;
    throw new RangeError(
      `Cannot listen on ${host}, port ${port} (${error.message}): give another --port, 0 for a free one, or another --host`,
      { cause: error },
    );
  }
}

function isAddressError(error: Error): boolean {
  return error instanceof Deno.errors.AddrNotAvailable || /address|lookup|resolve/i.test(error.message);
}
