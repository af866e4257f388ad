/**
 * Removes boilerplate from an article's element: captions and credits, dates, bylines, share and cookie bars,
 * links to other pages, notes about the author, legal notices. Boilerplate is recognized by markup, by common
 * class names and by wording; no rule is written for a particular site.
 *
 * @module
 */

/** Words in a class or id that mark a block as boilerplate. */
const roles = new Set(
  ("ad ads advert advertisement bio breadcrumb breadcrumbs byline caption captions comment comments cookie cookies " +
    "copyright credit credits dateline disclaimer figcaption follow gallery menu metadata mostread nav newsletter " +
    "outbrain pager pagination popular promo promotion pubdate published readmore recommendations recommended " +
    "related share sharebar sharing sidebar signup slideshow social sponsor sponsored subscribe subscription taboola " +
    "tags timestamp toolbar trending updated widget").split(" "),
);

const months = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
const days = "mon|tue|wed|thu|fri|sat|sun";

/** A line that is only a date: "Published: 10:48, Tue, Nov 19, 2019", "Nov. 20, 2019 6:02 AM EST". */
const date = new RegExp(
  `^[|•·–—-]?\\s*(?:(?:first |last )?(?:published|posted|updated|created|modified)\\b.{0,80}\\d` +
    `|(?:${days}|${months}|\\d{1,2}[./ ])[^!?]{0,40}\\d{4}[^.!?]{0,40}$)`,
  "i",
);

/** A picture credit, such as "Photo: …", "… (Image: GETTY)", "… | Getty Images", "© …". */
const credit = new RegExp(
  "^(?:(?:photo|image|picture|illustration|graphic|foto|bild|source|credit|courtesy|via)s?\\b[^.!?]{0,100}\\.?$" +
    "|\\(?\\s*(?:photo|image|picture|foto|bild)s?\\s*:|©|copyright\\b" +
    "|.{0,300}\\((?:image|photo|picture|credit|foto|ap|afp|reuters|getty)\\b[^()]{0,80}\\)\\s*$" +
    "|.{0,200}\\|\\s*(?:getty|ap|reuters|afp|bloomberg)\\b)",
  "i",
);

/** A line that leads to another page or asks the reader to do something. */
const pointer = new RegExp(
  "^(?:related|(?:read|see|watch|more) (?:more|also|next|on|from)|also read|don['’]t miss|you (?:may|might) also like" +
    "|recommended|up next|trending|most (?:read|popular)|latest|popular|follow (?:us|me|him|her)|sign up|subscribe" +
    "|advertisement|sponsored|share this|filed under|tags?|topics|categories|loading|about the author|click here" +
    "|join our)\\b",
  "i",
);

/** A note after an article: about the author, copyright, an invitation to join or subscribe. */
const note = new RegExp(
  "^(?:about the author|all rights reserved|citation:|copyright\\b|©|follow .{1,60} (?:on|at)\\b|if you (?:enjoyed|liked)" +
    "|join (?:our|us)\\b|sign up|subscribe|this (?:article|document|story) (?:is subject to|was (?:originally|first))" +
    "|have (?:a news )?tips?\\b|_{3,})" +
    "|^.{2,60}\\bis (?:an?|the)\\b.{0,60}\\b(?:author|columnist|contributor|correspondent|curator|editor|journalist|" +
    "reporter|writer)\\b|\\bfollow (?:him|her|them|me|us)\\b.{0,80}\\b(?:twitter|facebook|instagram)\\b",
  "i",
);

const leaves = "p, li, h1, h2, h3, h4, h5, h6, div, td, blockquote";
const inner = "p, li, div, h1, h2, h3, h4, h5, h6, table, ul, ol, pre, blockquote";
const figureContent = "pre, code, table, blockquote"; // a figure that contains one of these is content

/**
 * Removes, in place, blocks whose class or id marks them as boilerplate, unless a block has at least a
 * quarter of all text. Also called before Readability, which does not keep every class.
 */
export function removeByRole(root: any): void {
  const whole = lengthOf(root);
  for (const element of all(root, "[class], [id]")) {
    if (element.parentNode === null) continue; // removed together with an ancestor
    if (wordsOf(element).some((word) => roles.has(word)) && lengthOf(element) < 0.25 * whole) {
      element.remove();
    }
  }
}

/**
 * Removes boilerplate from an article's element, in place. A part that has much of the article's text is
 * kept.
 */
export function removeBoilerplate(root: any): void {
  const whole = lengthOf(root);
  for (const figure of all(root, "figure")) {
    if (figure.querySelector(figureContent) === null && lengthOf(figure) < 0.3 * whole) figure.remove();
  }
  removeByRole(root);
  removeCards(root, whole);
  for (const leaf of all(root, leaves)) {
    if (leaf.querySelector(inner) === null && isBoilerplate(leaf)) leaf.remove();
  }
  removeTail(root, whole);
}

/**
 * Removes groups of cards: three or more siblings with the same class that are short and consist mostly of
 * links. A list that belongs to the text has no class, or has more text than links.
 */
function removeCards(root: any, whole: number): void {
  const parents = new Set(all(root, "[class]").map((element) => element.parentNode));
  for (const parent of parents) {
    const byTemplate = Map.groupBy<string, any>(
      [...parent.children].filter((child: any) => child.getAttribute("class")),
      (child) => `${child.nodeName} ${child.getAttribute("class")}`,
    );
    for (const cards of byTemplate.values()) {
      const length = cards.reduce((sum, card) => sum + lengthOf(card), 0);
      if (cards.length < 3 || length > 0.25 * whole) continue;
      if (cards.every((card) => lengthOf(card) < 200 && linkShare(card) > 0.5)) {
        cards.forEach((card) => card.remove());
      }
    }
  }
}

/** Returns whether the wording of a block without inner blocks marks it as boilerplate. */
function isBoilerplate(leaf: any): boolean {
  const text = squeezed(leaf.textContent);
  if (text === "" || text.length > 320) return false;
  if (text.length < 110 && date.test(text)) return true;
  if (credit.test(text)) return true;
  return text.length < 160 && pointer.test(text) && (text.length < 60 || linkShare(leaf) > 0);
}

/** Removes notes, lists of links and short headings after the last paragraph, up to a quarter of the text. */
function removeTail(root: any, whole: number): void {
  const blocks = all(root, leaves).filter((leaf) => leaf.querySelector(inner) === null);
  let taken = 0;
  for (const block of blocks.reverse()) {
    const text = squeezed(block.textContent);
    if (text !== "") {
      const words = text.split(" ").length;
      const isNote = text.length < 500 && note.test(text);
      const isLinkOrHeading = words < 12 && !/[.!?…"”’)]$/.test(text) || linkShare(block) > 0.8;
      taken += text.length;
      if (!(isNote || isLinkOrHeading) || taken > 0.25 * whole) return;
    }
    block.remove();
  }
}

function all(root: any, selector: string): any[] {
  return [...root.querySelectorAll(selector)].filter((element) => element !== root);
}

/**
 * Returns the words in an element's class and id: "articleCaption main-photo" → article, caption, main,
 * photo.
 */
function wordsOf(element: any): string[] {
  const names = `${element.getAttribute("class") ?? ""} ${element.getAttribute("id") ?? ""}`;
  return names.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z]+/);
}

/** Returns the fraction of an element's characters that are in links, from 0 to 1. */
function linkShare(element: any): number {
  const linked = all(element, "a").reduce((sum, link) => sum + lengthOf(link), 0);
  return linked / Math.max(1, lengthOf(element));
}

function lengthOf(element: any): number {
  return squeezed(element.textContent).length;
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
