/**
 * Host name and registered domain of a URL, according to Mozilla's public suffix list (MPL 2.0), which the
 * npm package tldts (MIT) contains.
 *
 * @module
 */
import { parse } from "tldts";

/** The web site that a URL belongs to. */
export interface Site {
  /** Full host name in lower case, for example news.example.co.uk. */
  readonly host: string;
  /** Registered domain, for example example.co.uk. */
  readonly domain: string;
}

/**
 * Returns the site of a URL, or null for an IP address, a host name without a public suffix, and text that is
 * not a URL.
 */
export function siteOf(url: string): Site | null {
  const { hostname, domain, isIcann } = parse(url);
  return hostname === null || domain === null || isIcann !== true ? null : { host: hostname, domain };
}
