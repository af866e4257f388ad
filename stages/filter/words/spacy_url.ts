/**
 * Recognizes web and e-mail addresses by the rules of spaCy's tokenizer, which does not split an address. An
 * address has the form [scheme://] [user@] host.tld [:port] [/path]; the host may also be a public IP
 * address. Takes linear time for any text.
 *
 * Source: spaCy's URL pattern and its tests; the pattern is based on Diego Perini's (gist 729294, MIT).
 *
 * @module
 */
import { lower } from "./spacy_letters.ts";

const scheme = /^[\p{L}\p{N}_+.-]{2,}:\/\//u;
const label = /^(?:[a-z0-9\u00a1-\uffff][\w\u00a1-\uffff-]{0,62})?[a-z0-9\u00a1-\uffff]$/iu;
const topLevel = new RegExp(`^[${lower}]{2,63}$`, "v");
const address =
  /^(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4])$/;
const notPublic = /^(?:(?:10|127)\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)/;
const host = /[^:/?#@]*/y;
const rest = /(?::\p{Nd}{2,5})?(?:$|[/?#])/uy;

/** Returns whether the whole of a text, which contains no white space, is an address. */
export function isAddress(text: string): boolean {
  if (!text.includes(".")) return false; // a quick answer for most words
  if (hostAt(text, 0)) return true;
  const begin = scheme.exec(text);
  if (begin !== null && hostAt(text, begin[0].length)) return true;
  // User name and password may contain any character, so the host may begin after any "@".
  for (let at = text.indexOf("@", 1); at >= 0; at = text.indexOf("@", at + 1)) {
    if (hostAt(text, at + 1)) return true;
  }
  return false;
}

function hostAt(text: string, start: number): boolean {
  host.lastIndex = start;
  const name = host.exec(text)![0];
  rest.lastIndex = start + name.length;
  if (!rest.test(text)) return false;
  if (address.test(name)) return !notPublic.test(name);
  const labels = name.split(".");
  return labels.length > 1 && topLevel.test(labels.pop()!) && labels.every((part) => label.test(part));
}
