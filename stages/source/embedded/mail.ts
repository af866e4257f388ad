/**
 * Extracts the readable body of a raw e-mail, without headers and attachments. postal-mime decodes MIME
 * parts, transfer encodings and charsets.
 *
 * @module
 */
import PostalMime from "postal-mime";
import { pageText } from "../../format/web/page_text.ts";

/**
 * Returns the body of an e-mail as plain text: the text part; if there is none, the HTML part as a browser
 * would display it; otherwise "". Lines end with "\n" and have no trailing spaces.
 *
 * If `raw` is a string, its bytes have been decoded already, so 8-bit parts are read as UTF-8, regardless of
 * the charset that they declare.
 */
export async function mailText(raw: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const mail = await PostalMime.parse(typeof raw === "string" ? relabelled(raw) : raw);
  const plain = tidy(mail.text ?? "");
  if (plain !== "" || mail.html === undefined) return plain;
  return tidy(pageText(mail.html));
}

/**
 * Replaces declared charsets by UTF-8. An e-mail with quoted-printable or base64 parts is left unchanged,
 * because such parts still hold bytes in the declared charset.
 */
function relabelled(raw: string): string {
  const decoded = /[^\0-\x7f]/.test(raw) &&
    !/content-transfer-encoding:\s*(quoted-printable|base64)/i.test(raw);
  return decoded ? raw.replace(/(charset\s*=\s*)("[^"\n]*"|[^\s;"]+)/gi, '$1"utf-8"') : raw;
}

function tidy(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/(?<![ \t])[ \t]+$/gm, "").trim();
}
