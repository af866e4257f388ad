/**
 * The text of an article as a page states it for search engines. Source: schema.org, `articleBody`, in
 * JSON-LD.
 *
 * @module
 */
import { type PageElement, writtenText } from "./node.ts";
import { parsePage } from "./parse_page.ts";
import { weightOf } from "./prose.ts";
import { type Segment, segmentsOf } from "./segments.ts";

const MAX_DEPTH = 20;
const MUCH_MORE = 2;

/**
 * Returns the text that was found on a page, or the one that the page states for search engines if that is
 * more than twice as long; `write` turns its segments into text.
 */
export function orStated(
  found: string,
  root: PageElement,
  write: (segments: readonly Segment[]) => string,
): string {
  const stated = structuredText(root);
  return weightOf(stated) <= MUCH_MORE * weightOf(found) ? found : write(segmentsOf(parsePage(stated)));
}

/** Returns the longest `articleBody` or `reviewBody` of a page, which may be HTML; "" if it has none. */
function structuredText(root: PageElement): string {
  let longest = "";
  for (const element of root.descendants()) {
    if (element.name !== "script" || element.attribute("type").toLowerCase() !== "application/ld+json") {
      continue;
    }
    const text = writtenText(element);
    if (!text.includes("Body")) continue;
    for (const body of bodiesIn(parsed(text), MAX_DEPTH)) if (body.length > longest.length) longest = body;
  }
  return longest;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/\p{Cc}+/gu, " ")); // pages write line ends in strings
  } catch {
    return null;
  }
}

function* bodiesIn(value: unknown, depth: number): Generator<string> {
  if (typeof value !== "object" || value === null || depth === 0) return;
  for (const [key, inner] of Object.entries(value)) {
    if ((key === "articleBody" || key === "reviewBody") && typeof inner === "string") yield inner;
    else yield* bodiesIn(inner, depth - 1);
  }
}
