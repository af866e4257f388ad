/**
 * Who may read a live page: whoever has the address that the program printed. Other users of the machine
 * lack its token; pages of other sites, even with a name that leads to 127.0.0.1 (DNS rebinding), are told
 * by the headers Host and Origin, which a browser sets and a page cannot.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** Returns a new secret of 128 bits. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}

/** What a request must have. */
export interface GuardOptions {
  readonly token: string;
  readonly port: number;
  /**
   * Whether requests of a path change something: these must be POST requests whose Origin is this page.
   * Default: no path does.
   */
  acts?(path: string): boolean;
}

/** Returns an answer that refuses the request, or null if the request may be answered. */
export function refusal(request: Request, { token, port, acts }: GuardOptions): Response | null {
  const hosts = ["127.0.0.1", "localhost"].flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]
  );
  const host = request.headers.get("host") ?? "", origin = request.headers.get("origin");
  if (!hosts.includes(host.toLowerCase())) {
    return refused(403, `Host is ${quoted(host)}: open the address that the program printed`);
  }
  const url = new URL(request.url), acting = acts?.(url.pathname) ?? false;
  if (origin === null ? acting : origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return refused(403, `Origin is ${quoted(origin ?? "")}: other pages may not use this one`);
  }
  const given = url.searchParams.get("token") ?? "";
  if (!equalSecrets(given, token)) {
    return refused(
      401,
      "The token in the address is missing or wrong: open the address that the program printed",
    );
  }
  const methods = acting ? ["POST"] : ["GET", "HEAD"];
  if (!methods.includes(request.method)) {
    return refused(405, `Method is ${request.method}: expected ${methods[0]}`, {
      allow: methods.join(", "),
    });
  }
  return null;
}

/** Returns an answer in plain text. */
export function refused(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...pageHeaders, "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

/** Headers of every answer: it is for this page alone, and its address, which holds the token, stays here. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
};

/** Compares in a time that does not depend on where the texts differ. */
export function equalSecrets(a: string, b: string): boolean {
  const sum = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(sum(a), sum(b));
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
