/**
 * Masks e-mail and IP addresses. Source: FineWeb's recipe; patterns, order and replacements as in datatrove.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { EmailAddresses } from "./email_addresses.ts";
import { replaceIpAddresses } from "./ip_addresses.ts";
import type { RecipeGeneration } from "../recipe.ts";

/** What addresses become. */
export interface PiiOptions {
  /** `release` masks only e-mail addresses in lower case (default current). */
  readonly recipe?: RecipeGeneration;
  /** Taken in turn (default email@example.com, firstname.lastname@example.org). */
  readonly emails?: readonly string[];
  /** Taken in turn (default six addresses that answered nobody when FineWeb was made). */
  readonly ipAddresses?: readonly string[];
}

/** How many were masked so far: what comes next follows from it. */
export interface PiiState {
  /** E-mail addresses. */
  emails: number;
  /** IP addresses. */
  ipAddresses: number;
}

/**
 * Documents with addresses replaced, e-mail first. Replacements are taken in turn across documents, so the counts are
 * state: this stage stands in the flow itself, not in a group that runs on several workers. Says at the end how many
 * it has masked. Throws RangeError for an empty list of replacements.
 */
export function pii(options: PiiOptions = {}): Stage<Document, Document, PiiState> {
  const {
    recipe = "current",
    emails = ["email@example.com", "firstname.lastname@example.org"],
    ipAddresses = [
      "22.214.171.124",
      "126.96.36.199",
      "188.8.131.52",
      "184.108.40.206",
      "220.127.116.11",
      "18.104.22.168",
    ],
  } = options;
  if (emails.length === 0 || ipAddresses.length === 0) {
    throw new RangeError("Cannot mask addresses with nothing: give one replacement at least");
  }
  const addresses = new EmailAddresses(recipe);
  return stage<Document, Document, PiiState>({
    name: "pii",
    open: (_ctx, saved = { emails: 0, ipAddresses: 0 }) => saved,
    push(doc, state) {
      const unmailed = addresses.replace(doc.text, () => emails[state.emails++ % emails.length]);
      const text = replaceIpAddresses(unmailed, () => ipAddresses[state.ipAddresses++ % ipAddresses.length]);
      return [text === doc.text ? doc : { ...doc, text }];
    },
    flush(state, ctx) {
      ctx.emit({
        type: "note",
        text: `pii: ${state.emails} e-mail and ${state.ipAddresses} IP addresses masked`,
      });
      return [];
    },
  });
}
