/**
 * Masks personally identifiable information (PII): e-mail and IP addresses. Source: FineWeb's recipe;
 * patterns, order and replacements as in datatrove.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { EmailAddresses } from "./email_addresses.ts";
import { replaceIpAddresses } from "./ip_addresses.ts";
import { type RecipeGeneration, withDefaults } from "../recipe.ts";

/** Options of `pii`. */
export interface PiiOptions {
  /**
   * Version of the rules (default `current`); `release` masks an e-mail address only if it is in lower case.
   */
  readonly recipe?: RecipeGeneration;
  /**
   * Replacements for e-mail addresses, used in rotation (default email@example.com,
   * firstname.lastname@example.org).
   */
  readonly emails?: readonly string[];
  /**
   * Replacements for IP addresses, used in rotation (default: six addresses that did not respond in 2024).
   */
  readonly ipAddresses?: readonly string[];
  /** Numbers of addresses that other processes mask before this one (default none). */
  readonly before?: PiiState;
}

/** Defaults of `pii`: datatrove's replacements. */
export const piiDefaults: Required<Omit<PiiOptions, "before">> = {
  recipe: "current",
  emails: ["email@example.com", "firstname.lastname@example.org"],
  ipAddresses: [
    "22.214.171.124",
    "126.96.36.199",
    "188.8.131.52",
    "184.108.40.206",
    "220.127.116.11",
    "18.104.22.168",
  ],
};

/** Number of addresses masked so far, which determines the next replacements. */
export type PiiState = {
  /** Number of e-mail addresses. */
  emails: number;
  /** Number of IP addresses. */
  ipAddresses: number;
};

/**
 * Replaces e-mail addresses, then IP addresses. The rotation of replacements continues across documents, so
 * the stage must run in the flow itself and not on several workers. A note at the end says how many addresses
 * were masked. Throws RangeError for an empty list of replacements.
 *
 * @example
 * ```ts
 * import { from, pii } from "@stagewise/gpt";
 *
 * const documents = [{ id: "1", text: "Write to jane@doe.org." }];
 * const kept = await Array.fromAsync(from(documents).pipe(pii()).stream());
 * console.log(kept[0].text); // "Write to email@example.com."
 * ```
 */
export function pii(
  { before = { emails: 0, ipAddresses: 0 }, ...options }: PiiOptions = {},
): Stage<Document, Document, PiiState> {
  const { recipe, emails, ipAddresses } = withDefaults(options, piiDefaults);
  if (emails.length === 0 || ipAddresses.length === 0) {
    throw new RangeError("Cannot mask addresses without replacements: pass at least one");
  }
  const addresses = new EmailAddresses(recipe);
  return stage<Document, Document, PiiState>({
    name: "pii",
    open: (_ctx, saved = { ...before }) => saved,
    push(doc, state) {
      const masked = addresses.replace(doc.text, () => emails[state.emails++ % emails.length]);
      const text = replaceIpAddresses(masked, () => ipAddresses[state.ipAddresses++ % ipAddresses.length]);
      return [text === doc.text ? doc : { ...doc, text }];
    },
    flush(state, ctx) {
      ctx.emit({
        type: "note",
        text: `pii: masked ${state.emails - before.emails} e-mail and ${
          state.ipAddresses - before.ipAddresses
        } IP addresses`,
      });
      return [];
    },
  });
}

/** Returns a function that counts the addresses in a text that `pii` masks. */
export function addressCounter(recipe: RecipeGeneration): (text: string) => PiiState {
  const addresses = new EmailAddresses(recipe), [replacement] = piiDefaults.emails;
  return (text) => {
    let emails = 0, ipAddresses = 0;
    const masked = addresses.replace(text, () => (emails++, replacement));
    replaceIpAddresses(masked, () => (ipAddresses++, ""));
    return { emails, ipAddresses };
  };
}
