/**
 * Servers of the taught model, for tests.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import OpenAI from "openai";

import { fingerprint } from "../../../pipelines/serve/served_model.ts";
import { type ApiServer, startServer } from "../../../pipelines/serve/server.ts";
import { TokenGenerator } from "../../../stages/sample/token_generator.ts";
import type { ChatTemplate } from "../../../stages/chat/template/template.ts";
import type { Memory } from "../../../stages/tool/memory.ts";
import type { Tool } from "../../../stages/tool/tool.ts";
import { Toolbox } from "../../../stages/tool/toolbox.ts";
import { beforeDeadline } from "../../deadline.ts";
import type { ModelGate } from "./model_gate.ts";
import { openTaught, SEQUENCE, template, tokenizer } from "./taught_model.ts";

/** A server for a test. */
export interface TaughtServer extends ApiServer {
  readonly client: OpenAI;
  readonly generator: TokenGenerator;
  /** Errors that the server has logged. */
  readonly logged: readonly unknown[];
  /** Sends a request with a JSON body; without a body a GET. */
  ask(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** Options of a server that differ from those of most tests. */
export type TaughtOptions = Partial<Parameters<typeof startServer>[0]> & {
  readonly parallel?: number;
  readonly hasTemplate?: boolean;
  readonly template?: ChatTemplate;
  readonly tools?: readonly Tool[];
  /** Facts that the tool memory begins with. */
  readonly memory?: Memory;
  /** Names of the models, which are all the taught one. */
  readonly ids?: readonly string[];
  /** Milliseconds to wait before each step of the model, for tests of what happens during an answer. */
  readonly pause?: number;
  /** A gate before each step of the model; it is opened at the end. */
  readonly gate?: ModelGate;
};

/** Calls `work` with a server, which is closed afterwards. Throws an error if a minute passes. */
export async function withServer(
  options: TaughtOptions,
  work: (server: TaughtServer) => Promise<void>,
  milliseconds = 120_000,
): Promise<void> {
  const {
    parallel = 4,
    hasTemplate = true,
    template: own = template,
    tools = [],
    memory,
    ids = ["taught"],
    pause = 0,
    gate,
    ...others
  } = options;
  await using session = await openTaught(parallel);
  if (pause > 0 || gate !== undefined) {
    const { decoder } = session, decode = decoder.decode.bind(decoder);
    Object.assign(decoder, {
      decode: async (...given: Parameters<typeof decode>) => {
        await delay(pause);
        await gate?.pass();
        return await decode(...given);
      },
    });
  }
  const generator = new TokenGenerator(session), logged: unknown[] = [];
  const models = ids.map((id) => ({
    id,
    fingerprint: fingerprint("taught"),
    created: 1_700_000_000,
    generator,
    tokenizer,
    template: hasTemplate ? own : null,
    noTemplate: "This model has no chat template: use /v1/completions",
    context: SEQUENCE,
    parallel,
    toolbox: tools.length === 0
      ? null
      : new Toolbox(tools, { tokenizer, template: own, ...(memory !== undefined && { memory }) }),
  }));
  const running = await startServer({
    models,
    host: "127.0.0.1",
    port: 0,
    token: null,
    cors: [],
    machine: null,
    queue: 1024,
    page: "<!DOCTYPE html><title>page</title>",
    log: (error) => void logged.push(error),
    ...others,
  });
  const client = new OpenAI({
    baseURL: `${running.address}/v1`,
    apiKey: options.token ?? "none",
    maxRetries: 0,
  });
  const ask = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${running.address}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...body !== undefined && { "content-type": "application/json" }, ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  try {
    await beforeDeadline(work({ ...running, client, generator, logged, ask }), milliseconds);
  } finally {
    gate?.open();
    await running.close(0);
  }
}

/** Returns a request for the answer to a question, at temperature 0. */
export function question(content: string) {
  return { model: "taught", messages: [{ role: "user" as const, content }], temperature: 0 };
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
