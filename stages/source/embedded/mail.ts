/**
 * A raw mail's readable body: MIME parts, transfer encodings and charsets by postal-mime; headers and attachments
 * are left out.
 *
 * @module
 */
import PostalMime from "postal-mime";
import { pageText } from "../../format/web/page_text.ts";

/**
 * The body of a mail as plain text: its text part, else its HTML part as a page would show it, else "". Line ends
 * are "\n"; trailing spaces are gone.
 *
 * A mail that is already a string has had its bytes decoded, so 8-bit parts are read as UTF-8 whatever they claim.
 */
export async function mailText(raw: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const mail = await PostalMime.parse(typeof raw === "string" ? relabelled(raw) : raw);
  const plain = tidy(mail.text ?? "");
  if (plain !== "" || mail.html === undefined) return plain;
  return tidy(pageText(mail.html));
}

/** Encoded parts (quoted-printable, base64) still hold bytes in the charset they name: those labels stay. */
function relabelled(raw: string): string {
  const decoded = /[^\0-\x7f]/.test(raw) &&
    !/content-transfer-encoding:\s*(quoted-printable|base64)/i.test(raw);
  return decoded ? raw.replace(/(charset\s*=\s*)("[^"\n]*"|[^\s;"]+)/gi, '$1"utf-8"') : raw;
}

function tidy(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/(?<![ \t])[ \t]+$/gm, "").trim();
}
