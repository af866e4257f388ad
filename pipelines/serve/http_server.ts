/**
 * An HTTP server that calls a function with each request. It closes connections of clients that do not send
 * the whole head of a request in time, and refuses those beyond a number: Deno.serve() has no such limits, so
 * that a client could hold any number of connections open by sending their heads slowly (an attack known as
 * Slowloris).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ApiError } from "./api_error.ts";
import { requestBody } from "./request_body.ts";

/** How requests are served. */
export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Milliseconds until the head of a request must be there. */
  readonly headTime: number;
  /**
   * Largest number of connections; others are answered with status 503 and closed, and closed at once if as
   * many are being refused.
   */
  readonly connections: number;
  /** Answers a request, whose signal is aborted when the client leaves. It does not throw. */
  handle(request: Request): Promise<Response>;
  /** Called with an error that ends a connection without an answer. */
  log(error: unknown): void;
}

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** Stops listening. Resolves once all requests have been answered. */
  close(): Promise<void>;
  /** Ends all connections. */
  abort(): void;
}

/** Starts a server. Throws Deno.errors.AddrInUse and others of `isPortError` if it cannot listen. */
export async function startHttpServer(
  { host, port, headTime, connections, handle, log }: HttpServerOptions,
): Promise<HttpServer> {
  let isClosing = false, open = 0, refusing = 0;
  const refused = new WeakSet<Socket>();
  const server = createServer(
    { headersTimeout: headTime, requestTimeout: 0, connectionsCheckingInterval: Math.max(50, headTime / 4) },
    async (message, response) => {
      if (refused.has(message.socket)) return;
      if (message.method === "TRACE") return refuseTrace(response);
      if (isClosing) response.setHeader("connection", "close");
      try {
        await answer(message, response, handle);
      } catch (error) {
        log(error); // thrown further, it would end the program
        response.destroy();
      }
    },
  );
  server.on("connection", (socket: Socket) => {
    if (open >= connections) {
      refused.add(socket);
      // At the system's limit of open files, Deno's node:http would stop to take connections for ever.
      if (refusing >= connections) return socket.destroy();
      refusing++;
      socket.once("close", () => refusing--);
      return refuse(socket, connections);
    }
    open++;
    socket.once("close", () => open--);
  });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw portError(error);
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close() {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      return closed;
    },
    abort: () => server.closeAllConnections(),
  };
}

const REFUSED = 1000; // milliseconds that a client has to read why it is refused

/** Says that there are too many connections, and closes this one, whatever its client does. */
function refuse(socket: Socket, connections: number): void {
  const { status, headers, body } = new ApiError(
    503,
    `There are ${connections} connections already, which is the most: try again later`,
    { code: "too_many_connections", headers: { "retry-after": "1", connection: "close" } },
  );
  const text = JSON.stringify(body),
    all = {
      ...headers,
      "content-type": "application/json",
      "content-length": `${new TextEncoder().encode(text).length}`,
    };
  socket.on("error", () => {}); // the client may have gone
  socket.end(
    `HTTP/1.1 ${status} Service Unavailable\r\n${
      Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")
    }\r\n${text}`,
  );
  setTimeout(() => socket.destroy(), REFUSED).unref();
}

/** Refuses a method that `Request` does not take. It would repeat a request with its secrets. */
function refuseTrace(response: ServerResponse): void {
  const { status, body } = new ApiError(405, "Method is TRACE: expected GET or POST", {
    code: "method_not_allowed",
  });
  response.writeHead(status, { allow: "GET, HEAD, POST, OPTIONS", "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  handle: HttpServerOptions["handle"],
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort(new DOMException("The client has gone", "AbortError"));
  });
  response.on("error", () => {}); // its end is told by `close`
  const sent = requestBody(message);
  const { status, headers, body } = await handle(
    requestOf(message, { body: sent.stream, signal: gone.signal }),
  );
  if (!await sent.discard()) response.setHeader("connection", "close");
  if (body === null) {
    response.writeHead(status, [...headers].flat());
    response.end();
    return;
  }
  const reader = body.getReader();
  if (!headers.get("content-type")?.startsWith("text/event-stream")) {
    const bytes = await wholeBody(reader);
    response.writeHead(status, [...headers, ["content-length", `${bytes.length}`]].flat());
    response.end(bytes);
    return;
  }
  response.writeHead(status, [...headers].flat());
  gone.signal.addEventListener("abort", () => void reader.cancel(gone.signal.reason).catch(() => {}));
  while (true) {
    const { value, done } = await reader.read();
    if (done || gone.signal.aborted) break;
    if (!response.write(value)) await once(response, "drain", { signal: gone.signal }).catch(() => {});
  }
  response.end();
}

/** Returns a body that comes in one piece, as those of all answers but streams do. */
async function wholeBody(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  while (true) {
    const { value, done } = await reader.read();
    if (done) return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    pieces.push(value);
  }
}

function requestOf(
  message: IncomingMessage,
  { body, signal }: { readonly body: ReadableStream<Uint8Array>; readonly signal: AbortSignal },
): Request {
  const { method = "GET", url = "/", rawHeaders } = message, headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(URL.parse(url, "http://localhost") ?? "http://localhost/malformed", {
    method,
    headers,
    signal,
    ...(hasBody && { body, duplex: "half" }),
  });
}

function portError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : null;
  const message = error instanceof Error ? error.message : "";
  if (code === "EADDRINUSE") return new Deno.errors.AddrInUse(message, { cause: error });
  return code === "EACCES" ? new Deno.errors.PermissionDenied(message, { cause: error }) : error;
}
