/**
 * The HTTP server of the API.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { Api, type ApiOptions } from "./api.ts";

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

const LAST = 1000; // milliseconds that clients have to read the end of their answers

/** Starts a server. Throws an error of `isPortError` if the port cannot be used; 0 takes a free one. */
export function startServer({ port: wanted, host, ...options }: ApiOptions): ApiServer {
  let port = wanted;
  let api: Api | null = null;
  const server = Deno.serve(
    { hostname: host, port: wanted, onListen: () => {} },
    (request) => (api ??= new Api({ ...options, host, port })).handle(request),
  );
  port = server.addr.port;
  const running = api ??= new Api({ ...options, host, port });
  let closed: Promise<void> | null = null;
  async function close(patience: number): Promise<void> {
    const done = server.shutdown(), late = new AbortController();
    const wait = (time: number) => delay(time, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([done, wait(patience)]);
    running.abort();
    await Promise.race([done, wait(LAST)]);
    late.abort();
  }
  return {
    address: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    port,
    api: running,
    close: (patience = 10_000) => closed ??= close(patience),
  };
}
