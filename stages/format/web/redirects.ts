/**
 * Follows redirects within limits: their number, no way from https to http, and none from the public Internet
 * into this machine or its network, where a server elsewhere could otherwise choose what is read. Not caught
 * is a name that resolves to a public address when it is checked and to a private one a moment later, when it
 * is connected to, and any name that resolves to a private address where names cannot be looked up.
 *
 * @module
 */
import { isPrivate } from "./private_hosts.ts";

const MAX_REDIRECTS = 10;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/** The error for a redirect that is not followed. */
export class RedirectError extends Error {
  override readonly name = "RedirectError";

  /** `from` and `to` are the addresses before and after the redirect. */
  constructor(readonly from: string, readonly to: string, why: string) {
    super(`Cannot read ${from}: its server redirects to ${to}: ${why}`);
  }
}

/**
 * As fetch(), which it replaces. Credentials are not sent to another origin than the first. Throws
 * RedirectError for a redirect that is not followed.
 */
export async function fetchRedirected(
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  if (init.redirect !== undefined && init.redirect !== "follow") return await fetch(input, init);
  let request = new Request(input, { ...init, redirect: "manual" });
  for (let count = 0;; count++) {
    const next = request.clone(); // a redirect may have to send the body again
    const response = await fetch(request);
    const location = response.headers.get("location");
    if (!redirectStatuses.has(response.status) || location === null) return response;
    await response.body?.cancel();
    const from = new URL(request.url);
    const to = URL.canParse(location, from.href) ? new URL(location, from.href) : null;
    if (to === null) throw new RedirectError(from.href, location, "that is not a valid address");
    await checkRedirect(from, to);
    if (count === MAX_REDIRECTS) {
      throw new RedirectError(
        from.href,
        to.href,
        `that is redirect ${count + 1} of the same request: give the address of the file itself`,
      );
    }
    request = redirected(next, { response, to });
  }
}

/** Throws RedirectError if a redirect from one address to the other is not followed. */
export async function checkRedirect(from: URL, to: URL): Promise<void> {
  if (to.protocol !== "https:" && to.protocol !== "http:") {
    throw new RedirectError(from.href, to.href, "only http and https are followed");
  }
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw new RedirectError(
      from.href,
      to.href,
      "http is not encrypted, https was asked for: give the http address itself if you trust the network",
    );
  }
  if (await isPrivate(to.hostname) && !await isPrivate(from.hostname)) {
    throw new RedirectError(
      from.href,
      to.href,
      "that is in this machine's own network: give that address itself if you trust it",
    );
  }
}

function redirected(
  request: Request,
  { response: { status }, to }: { readonly response: Response; readonly to: URL },
): Request {
  const headers = new Headers(request.headers);
  if (new URL(request.url).origin !== to.origin) {
    for (const name of ["authorization", "cookie", "proxy-authorization"]) headers.delete(name);
  }
  const { method, signal } = request;
  const becomesGet = status === 303 && method !== "HEAD" || status <= 302 && method === "POST";
  const body = becomesGet || request.body === null ? {} : { body: request.body };
  return new Request(to, {
    method: becomesGet ? "GET" : method,
    headers,
    signal,
    redirect: "manual",
    ...body,
  });
}
