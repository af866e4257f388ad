/**
 * Formulas as TeX. Pages carry them in several ways, often twice: as MathML, as glyphs for the eye and as a
 * picture.
 *
 * @module
 */
import { type PageElement, writtenText } from "./node.ts";

/**
 * Returns a formula's text if the element is one, "" if it is a second form of a formula beside it, and null
 * for any other element.
 */
export function formulaOf(element: PageElement): string | null {
  const { name } = element;
  if (name === "math") return texOf(element);
  if (name === "script") {
    return /^math\/tex/i.test(element.attribute("type")) ? writtenText(element).trim() : null;
  }
  if (name !== "span" && name !== "mjx-container") return null;
  const kind = element.attribute("class");
  if (/(?:^|\s)mwe-math-element(?:\s|$)/.test(kind)) return mathWithin(element);
  // KaTeX and MathJax write the formula once for the eye and once as MathML for screen readers.
  if (/(?:^|\s)(?:katex|MathJax)(?:\s|$)/.test(kind) || name === "mjx-container") return mathWithin(element);
  return null;
}

function mathWithin(element: PageElement): string | null {
  for (const inner of element.descendants()) if (inner.name === "math") return texOf(inner);
  for (const inner of element.descendants()) {
    if (inner.name === "img" && inner.attribute("alt") !== "") return plainTex(inner.attribute("alt"));
  }
  return null;
}

/** Returns the TeX of a `math` element where it has it, otherwise the characters of the formula. */
function texOf(math: PageElement): string {
  for (const inner of math.descendants()) {
    if (/^annotation$/i.test(inner.name) && /tex/i.test(inner.attribute("encoding"))) {
      return plainTex(writtenText(inner));
    }
  }
  const alternative = plainTex(math.attribute("alttext"));
  if (alternative !== "") return alternative;
  let text = "";
  const open = [math];
  for (let element = open.pop(); element !== undefined; element = open.pop()) {
    if (/^annotation/i.test(element.name)) continue;
    for (const child of element.children.toReversed()) {
      if (!("value" in child)) open.push(child);
    }
    if (element.children.every((child) => "value" in child)) text += writtenText(element).trim();
  }
  return text;
}

/** Returns TeX without the braces and the style that MediaWiki puts around it. */
function plainTex(tex: string): string {
  return tex.trim().replace(/^\{\\(?:displaystyle|textstyle)\s?(.*)\}$/s, "$1").trim();
}
