/**
 * Who may use the API: programs of this machine, and with a token those of others. Pages of other sites, even
 * with a name that leads to 127.0.0.1 (DNS rebinding), are told by the headers Host and Origin, which a
 * browser sets and a page cannot.
 *
 * @module
 */
import { equalSecrets } from "../../stages/report/live/guard.ts";
import { ApiError } from "./api_error.ts";

/** Who may use the API. */
export interface GuardOptions {
  /** Address that the server listens on. */
  readonly host: string;
  readonly port: number;
  /** Secret that requests must carry as a bearer token; null: none. */
  readonly token: string | null;
  /** Origins of other pages that may use the API; "*": all. */
  readonly cors: readonly string[];
  /** Name of this machine in its network; null if it is unknown. */
  readonly machine: string | null;
}

/** Returns whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Throws ApiError for a request of a page that may not use the API. */
export function checkSource(headers: Headers, options: GuardOptions): void {
  const host = (headers.get("host") ?? "").toLowerCase(), name = nameOf(host);
  if (name === null || !isOwnName(name, options)) {
    throw new ApiError(403, `Host is ${quoted(host)}: use the address that the server printed`, {
      code: "wrong_host",
    });
  }
  const origin = headers.get("origin")?.toLowerCase() ?? null;
  if (origin === null || origin === `http://${host}` || origin === `https://${host}`) return;
  if (allowedOrigin(headers, options) !== null) return;
  throw new ApiError(
    403,
    `Origin is ${quoted(origin)}: pages of other origins may not use this server: start it with --cors ${
      /^https?:\/\/[\w.:-]+$/.test(origin) ? origin : "ORIGIN"
    } to let them`,
    { code: "wrong_origin" },
  );
}

/** Throws ApiError for a request without the token. */
export function checkToken(headers: Headers, { token }: GuardOptions): void {
  if (token === null) return;
  const [, given = ""] = /^bearer\s+(\S+)\s*$/i.exec(headers.get("authorization") ?? "") ?? [];
  if (equalSecrets(given, token)) return;
  throw new ApiError(
    401,
    given === ""
      ? "Give the server's token as header Authorization: Bearer TOKEN"
      : "Incorrect API key provided: give the server's token",
    { code: "invalid_api_key", headers: { "www-authenticate": "Bearer" } },
  );
}

/** Returns headers that let the page of a request read the answer; none unless it was asked for. */
export function corsHeaders(headers: Headers, options: GuardOptions): Readonly<Record<string, string>> {
  const origin = allowedOrigin(headers, options);
  if (origin === null) return options.cors.length === 0 ? {} : { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": headers.get("access-control-request-headers") ??
      "authorization, content-type",
    "access-control-expose-headers": "retry-after, x-request-id", // clients wait by the first one
    "access-control-max-age": "600",
  };
}

function allowedOrigin(headers: Headers, { cors }: GuardOptions): string | null {
  const origin = headers.get("origin");
  if (origin === null || cors.length === 0) return null;
  if (cors.includes("*")) return "*";
  return cors.some((own) => own.toLowerCase() === origin.toLowerCase()) ? origin : null;
}

/** Returns the name in a Host header, without its port; null if it is malformed. */
function nameOf(host: string): string | null {
  const [, bracketed, plain] = /^(?:\[([\da-f:]+)\]|([\w.-]+))(?::\d{1,5})?$/.exec(host) ?? [];
  return bracketed ?? plain ?? null;
}

/** An address in numbers cannot be rebound; with a token, another name gives nothing away. */
function isOwnName(name: string, { host, token, machine }: GuardOptions): boolean {
  if (isLoopback(name)) return true;
  if (isLoopback(host)) return false;
  const isNumeric = /^[\d.]+$/.test(name) || name.includes(":");
  return isNumeric || token !== null || name === host.toLowerCase() || name === machine?.toLowerCase();
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
