/**
 * Host names and registered domains of addresses, by the public suffix list (npm tldts, MIT; list by Mozilla, MPL 2.0).
 *
 * @module
 */
import { parse } from "tldts";

/** Where an address leads. */
export interface Site {
  /** The whole host name in lower case: news.example.co.uk. */
  readonly host: string;
  /** What its owner has registered: example.co.uk. */
  readonly domain: string;
}

/** The site of an address; null of numbers, of names without a public suffix, and of what is no address. */
export function siteOf(url: string): Site | null {
  const { hostname, domain, isIcann } = parse(url);
  return hostname === null || domain === null || isIcann !== true ? null : { host: hostname, domain };
}
