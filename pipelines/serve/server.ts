/**
 * The HTTP server of the API.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { Api, type ApiOptions } from "./api.ts";
import { startHttpServer } from "./http_server.ts";

/** A server that runs. */
export interface ApiServer {
  /** Address of the server: "http://127.0.0.1:8000". */
  readonly address: string;
  readonly port: number;
  readonly api: Api;
  /**
   * Stops listening and waits until the answers in flight have ended; those that take longer than `patience`
   * milliseconds are ended with an error. Default 10 s.
   */
  close(patience?: number): Promise<void>;
}

const HEAD_TIME = 15_000; // milliseconds
/** Most connections: more than answers may wait by default, whose clients learn from a 429 how many do. */
const MOST_CONNECTIONS = 2048;
const LAST = 1000; // milliseconds that clients have to read the end of their answers

/** Starts a server. Throws an error of `isPortError` if the port cannot be used; 0 takes a free one. */
export async function startServer(
  { port: wanted, host, headTime = HEAD_TIME, connections = MOST_CONNECTIONS, ...options }: ApiOptions & {
    /** Milliseconds until the head of a request must be there. Default 15 s. */
    readonly headTime?: number;
    /** Largest number of connections; others are refused with status 503. Default 2,048. */
    readonly connections?: number;
  },
): Promise<ApiServer> {
  const api = new Api({ ...options, host, port: wanted });
  const server = await startHttpServer({
    host,
    port: wanted,
    headTime,
    connections,
    handle: (each) => api.handle(each),
    log: (error) => options.log(error, "a request"),
  });
  let closed: Promise<void> | null = null;
  async function close(patience: number): Promise<void> {
    const done = server.close(), late = new AbortController();
    const wait = (time: number) => delay(time, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([done, wait(patience)]);
    api.abort();
    await Promise.race([done, wait(LAST)]);
    server.abort();
    late.abort();
  }
  const { port } = server;
  return {
    address: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    api,
    close: (patience = 10_000) => closed ??= close(patience),
  };
}
