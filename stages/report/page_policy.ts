/**
 * The content security policy of the pages that the program writes. A page loads nothing and runs only the
 * scripts that belong to it, which the policy names by their hashes: markup that got into the page through a
 * mistake, from a document or a model's text, runs nothing. Source: Content Security Policy Level 3.
 *
 * @module
 */
import { createHash } from "node:crypto";

/**
 * Returns a page made from a template with marks, which are names in braces within a comment. `parts` are the
 * page's own scripts and styles; `data` is what it shows, in which no script is allowed. The mark `policy`
 * stands in the content of a meta element, and the mark `nonce` in the attribute of scripts that import
 * modules.
 */
export function pageFrom(
  template: string,
  { parts, data, connects }: {
    readonly parts: Readonly<Record<string, string>>;
    readonly data: Readonly<Record<string, string>>;
    /** Where the page may connect to, as the policy says it: "'self'". Default: nowhere. */
    readonly connects?: string;
  },
): string {
  const own = filled(template, parts);
  const nonce = own.includes(nonceMark) ? nonceOf([own, ...Object.values(data)]) : null;
  const policy = policyOf({ scripts: own, styles: own, nonce });
  const connected = connects === undefined ? policy : `${policy}; connect-src ${connects}`;
  return filled(own, { ...data, policy: connected, ...(nonce !== null && { nonce }) });
}

const nonceMark = "/*{nonce}*/";

/**
 * Returns a nonce that no text within the page can contain, since it is a hash of the whole page. Modules
 * that a script with the nonce imports may run as well, which hashes of inline scripts do not allow.
 */
function nonceOf(texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text);
  return hash.digest("base64");
}

function filled(template: string, parts: Readonly<Record<string, string>>): string {
  return template.replace(/\/\*\{([\w-]+)\}\*\//g, (mark, name: string) => parts[name] ?? mark);
}

/**
 * Returns the policy that allows the inline scripts of the HTML `scripts`, the inline styles of the HTML
 * `styles`, and images within the page, and forbids everything else. `scripts` must not contain text of
 * others.
 */
export function policyOf(
  { scripts, styles, nonce = null }: {
    readonly scripts: string;
    readonly styles: string;
    /** Nonce of scripts that have one, and of the modules that they import; null if none has. */
    readonly nonce?: string | null;
  },
): string {
  const runs = [...scripts.matchAll(/<script(\s[^>]*)?>([^]*?)<\/script/gi)]
    .filter(([, attributes = ""]) => !/type="application\/json"|\snonce=/.test(attributes))
    .map(([, , text]) => text);
  const elements = [...styles.matchAll(/<style(?:\s[^>]*)?>([^]*?)<\/style/gi)]
    .flatMap(([, text]) => [text, unescaped(text)]); // a style within <svg> has character references
  const attributes = [...styles.matchAll(/<[^>]*?\sstyle="([^"]*)"/gi)].map(([, text]) => unescaped(text));
  return [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "img-src data:",
    `script-src ${[hashes(runs), nonce === null ? "" : `'nonce-${nonce}'`].join(" ").trim() || "'none'"}`,
    `style-src ${hashes([...elements, ...attributes]) || "'none'"}${
      attributes.length === 0 ? "" : " 'unsafe-hashes'" // without it, hashes hold for elements alone
    }`,
  ].join("; ");
}

function hashes(texts: readonly string[]): string {
  const sums = texts.map((text) =>
    createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("base64")
  );
  return [...new Set(sums)].map((sum) => `'sha256-${sum}'`).join(" ");
}

function unescaped(text: string): string {
  const characters: Readonly<Record<string, string>> = {
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    amp: "&",
    "#39": "'",
  };
  return text.replace(/&(lt|gt|quot|apos|amp|#39);/g, (_, name: string) => characters[name]);
}
