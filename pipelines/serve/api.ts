/**
 * The routes of the API and their answers.
 *
 * @module
 */
import { schemaOf } from "../../stages/tool/tool.ts";
import { pageHeaders } from "../../stages/report/live/guard.ts";
import { ApiError, asApiError } from "./api_error.ts";
import { chatAnswer, chatChunks } from "./chat_answer.ts";
import { chatRequest } from "./chat_fields.ts";
import { checkQueue, generateChoices } from "./choices.ts";
import { completionAnswer, completionChunks } from "./completion_answer.ts";
import { completionRequest } from "./completion_fields.ts";
import { eventStream } from "./event_stream.ts";
import { Fields } from "./fields.ts";
import { checkSource, checkToken, corsHeaders, type GuardOptions } from "./guard.ts";
import { Metrics } from "./metrics.ts";
import { type BodyLimits, readBody } from "./read_body.ts";
import type { ServedModel } from "./served_model.ts";
import { applyTemplate, detokenize, tokenize } from "./text_routes.ts";

/** What the API serves, and to whom. */
export interface ApiOptions extends GuardOptions {
  /** The models, at least one; the first answers requests that name none. */
  readonly models: readonly ServedModel[];
  /** Largest number of answers of a model that may wait. */
  readonly queue: number;
  /** The page at `/`. */
  readonly page: string;
  readonly body?: BodyLimits;
  /** Called with errors that are the server's fault, and the id of the request, its header `x-request-id`. */
  log(error: unknown, request: string): void;
}

type Route = (request: Request, api: Api) => Response | Promise<Response>;

const routes: Readonly<Record<string, Readonly<Partial<Record<"GET" | "POST", Route>>>>> = {
  "/": { GET: (_, { options: { page } }) => htmlResponse(page) },
  "/health": { GET: () => Response.json({ status: "ok" }) },
  "/metrics": { GET: (_, api) => textResponse(api.metricsText()) },
  "/v1/models": {
    GET: (_, { options: { models } }) => Response.json({ object: "list", data: models.map(modelJson) }),
  },
  "/v1/chat/completions": {
    POST: async (request, api) => {
      const { fields, model } = await api.read(request), parsed = chatRequest(fields, model);
      return await api.answer(request, model, { parsed, whole: chatAnswer, chunks: chatChunks });
    },
  },
  "/v1/completions": {
    POST: async (request, api) => {
      const { fields, model } = await api.read(request), parsed = completionRequest(fields, model);
      return await api.answer(request, model, { parsed, whole: completionAnswer, chunks: completionChunks });
    },
  },
  "/tokenize": { POST: textRoute(tokenize) },
  "/detokenize": { POST: textRoute(detokenize) },
  "/apply-template": { POST: textRoute(applyTemplate) },
};

/** Paths that can be read without the token: they tell nothing about models and answers. */
const open: readonly string[] = ["/", "/health"];

/** Answers requests. */
export class Api {
  readonly options: ApiOptions;
  readonly metrics = new Metrics();
  readonly #closing = new AbortController();
  readonly #ids = new WeakMap<Request, string>();

  /** An API of these models. */
  constructor(options: ApiOptions) {
    this.options = options;
  }

  /** Answers a request. It does not throw. */
  async handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url),
      id = `req_${crypto.getRandomValues(new Uint8Array(12)).toHex()}`;
    this.#ids.set(request, id);
    let response: Response;
    try {
      response = await this.#route(request, pathname);
    } catch (error) {
      const api = asApiError(error);
      if (api.status >= 500) this.options.log(error, id);
      response = Response.json(api.body, { status: api.status, headers: api.headers });
    }
    const known = Object.hasOwn(routes, pathname) || pathname.startsWith("/v1/models/");
    this.metrics.request(known ? pathname.replace(/^(\/v1\/models\/).*/, "$1ID") : "other", response.status);
    const others = { ...pageHeaders, ...corsHeaders(request.headers, this.options), "x-request-id": id };
    for (const [name, value] of Object.entries(others)) response.headers.set(name, value);
    return response;
  }

  /** Ends all answers. */
  abort(): void {
    this.#closing.abort(new ApiError(503, "The server is shutting down", { code: "shutting_down" }));
  }

  /** Reads the body of a request. Throws ApiError if it is wrong, or names a model that is not here. */
  async read(request: Request): Promise<{ readonly fields: Fields; readonly model: ServedModel }> {
    const fields = new Fields(await readBody(request, this.options.body));
    return { fields, model: this.#model(fields.text("model")) };
  }

  /** Generates the choices of a request: one JSON document, or a stream of chunks. */
  async answer<R extends Parsed>(
    request: Request,
    model: ServedModel,
    { parsed, whole, chunks }: {
      readonly parsed: R;
      whole(model: ServedModel, parsed: R, events: ReturnType<typeof generateChoices>): Promise<object>;
      chunks(
        model: ServedModel,
        parsed: R,
        events: ReturnType<typeof generateChoices>,
      ): AsyncGenerator<object, void, undefined>;
    },
  ): Promise<Response> {
    const { queue } = this.options, { metrics } = this, gone = new AbortController();
    checkQueue(model, { answers: parsed.choices.length, queue });
    const signal = AbortSignal.any([this.#closing.signal, gone.signal, request.signal]);
    const events = generateChoices(model.generator, parsed.choices, { metrics, queue, signal });
    if (!parsed.stream) return Response.json(await whole(model, parsed, events));
    const stream = eventStream(chunks(model, parsed, events), {
      onError: (error) => {
        const isOurs = !(error instanceof ApiError) && asApiError(error).status >= 500;
        if (isOurs) this.options.log(error, this.#ids.get(request) ?? "");
      },
      onEnd: (isWhole) => {
        if (!isWhole) gone.abort(new DOMException("The client has gone", "AbortError"));
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  }

  /** Number of answers that are generated now. */
  get active(): number {
    return this.options.models.reduce((sum, { generator }) => sum + generator.texts.active, 0);
  }

  /** Returns what the server has counted. */
  metricsText(): string {
    const waiting = this.options.models.reduce((sum, { generator }) => sum + generator.texts.waiting, 0);
    return this.metrics.text([
      ["active_answers", "Answers that are generated now.", this.active],
      ["waiting_answers", "Answers that wait for a free place.", waiting],
    ]);
  }

  async #route(request: Request, pathname: string): Promise<Response> {
    checkSource(request.headers, this.options);
    const model = pathname.startsWith("/v1/models/") ? pathname.slice("/v1/models/".length) : null;
    const methods = model !== null
      ? { GET: () => Response.json(modelJson(this.#model(decoded(model)))) }
      : Object.hasOwn(routes, pathname)
      ? routes[pathname]
      : null;
    if (request.method === "OPTIONS" && this.options.cors.length > 0) {
      return new Response(null, { status: 204 });
    }
    if (!open.includes(pathname)) checkToken(request.headers, this.options);
    if (methods === null) {
      throw new ApiError(
        404,
        `There is no ${pathname.slice(0, 100)} here: there are ${Object.keys(routes).join(", ")}`,
        { code: "unknown_url" },
      );
    }
    const { method } = request, isHead = method === "HEAD";
    const route = isHead || method === "GET" ? methods.GET : method === "POST" ? methods.POST : undefined;
    if (route === undefined) {
      const allowed = Object.keys(methods).flatMap((name) => name === "GET" ? ["GET", "HEAD"] : [name]);
      throw new ApiError(
        405,
        `Method is ${method}: expected ${allowed.join(" or ")} for ${pathname.slice(0, 100)}`,
        {
          code: "method_not_allowed",
          headers: { allow: allowed.join(", ") },
        },
      );
    }
    const response = await route(request, this);
    return isHead ? new Response(null, response) : response;
  }

  /** Returns the model of a name; the first without a name. Throws ApiError if there is none. */
  #model(name: string | undefined): ServedModel {
    const { models } = this.options;
    const model = name === undefined ? models[0] : models.find(({ id }) => id === name);
    if (model !== undefined) return model;
    throw new ApiError(
      404,
      `The model ${JSON.stringify(name?.slice(0, 100))} does not exist: there is ${
        models.map(({ id }) => `'${id}'`).join(", ")
      }`,
      { param: "model", code: "model_not_found" },
    );
  }
}

/** The fields of a request that every route needs. */
interface Parsed {
  readonly choices: Parameters<typeof generateChoices>[1];
  readonly stream: boolean;
}

function modelJson({ id, created, context, template, toolbox }: ServedModel) {
  return {
    id,
    object: "model",
    created,
    owned_by: "stagewise",
    context_length: context,
    chat: template !== null,
    tools: toolbox?.tools.map(schemaOf) ?? [],
    memory: toolbox?.facts ?? null,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function textRoute(answer: (fields: Fields, model: ServedModel) => object): Route {
  return async (request, api) => {
    const { fields, model } = await api.read(request);
    return Response.json(answer(fields, model));
  };
}

function textResponse(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
}

function htmlResponse(page: string): Response {
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}
