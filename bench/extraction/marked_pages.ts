/**
 * Pages on which people marked strings that must and must not stand in the extracted text, and the measure of
 * trafilatura's own comparison.
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { decodePage } from "../../stages/format/web/charset/decode_page.ts";

const folder = new URL("../../../shared/data/web/pages/", import.meta.url);

/** A page with its marks. */
export interface MarkedPage {
  readonly name: string;
  readonly html: string;
  /** Strings that must stand in the text. */
  readonly with: readonly string[];
  /** Strings that must not. */
  readonly without: readonly string[];
  /** Number of the fold, from 0 to 4; pages of one site share it. */
  readonly fold: number;
}

/** Counts of strings: found and wanted, missing, found but unwanted, rightly absent. */
export interface Counts {
  tp: number;
  fn: number;
  fp: number;
  tn: number;
}

/** Number of folds. */
export const FOLDS = 5;

/** Reads the marked pages. Throws NotFound if the data are not there. */
export function readMarkedPages(): MarkedPage[] {
  const segments: Record<string, { with: string[]; without: string[] }> = JSON.parse(
    Deno.readTextFileSync(new URL("segments.json", folder)),
  );
  return Object.entries(segments).map(([name, marks]) => {
    const bytes = gunzipSync(Deno.readFileSync(new URL(`${encodeURIComponent(name)}.gz`, folder)));
    return { name, html: decodePage(new Uint8Array(bytes), null), ...marks, fold: foldOf(siteOf(name)) };
  });
}

/** Returns the site in a page's name: "dw.com-elephants.html" → dw. */
function siteOf(name: string): string {
  const domain = /([\p{L}\d-]+)\.(?:com?|org|net|info|gov|edu|[a-z]{2})(?:\.[a-z]{2})?(?:[.-]|$)/u.exec(
    name.toLowerCase(),
  );
  return domain?.[1] ?? name;
}

function foldOf(site: string): number {
  let hash = 2166136261;
  for (let i = 0; i < site.length; i++) hash = Math.imul(hash ^ site.charCodeAt(i), 16777619);
  hash ^= hash >>> 15; // the low bits of FNV-1a alone are not even
  return (Math.imul(hash, 0x2c1b3c6d) >>> 8) % FOLDS;
}

/** Counts the strings of a page that stand in a text. */
export function countStrings(text: string, page: MarkedPage): Counts {
  const tp = page.with.filter((string) => text.includes(string)).length;
  const fp = page.without.filter((string) => text.includes(string)).length;
  return { tp, fn: page.with.length - tp, fp, tn: page.without.length - fp };
}

/** Precision, recall and F of sums of counts. */
export function figuresOf(counts: Iterable<Counts>): { precision: number; recall: number; f: number } {
  let tp = 0, fn = 0, fp = 0;
  for (const count of counts) [tp, fn, fp] = [tp + count.tp, fn + count.fn, fp + count.fp];
  const precision = tp / (tp + fp), recall = tp / (tp + fn);
  return { precision, recall, f: 2 * precision * recall / (precision + recall) };
}
