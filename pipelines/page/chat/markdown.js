/**
 * The text of a model as Markdown. Whoever wrote the model's training data or a tool's result may have
 * written its text, so it is treated as hostile: marked turns it into HTML, in which markup of the text
 * itself is shown as it is written; DOMPurify leaves only the elements of text; and the page's policy lets
 * nothing else run or load.
 *
 * @module
 */
import DOMPurify from "dompurify";
import { Marked } from "marked";
import { useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../../../stages/report/page/html.js";

/** Elements of text: no images, forms, styles or frames. */
const elements = [
  ...["p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a"],
  ...["h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"],
];

const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escaped(text),
    image: ({ href, text }) => `<a href="${escaped(href)}">image: ${escaped(text || href)}</a>`,
  },
});

const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  node.setAttribute("rel", "noopener noreferrer nofollow");
  node.setAttribute("target", "_blank");
  node.setAttribute("title", node.getAttribute("href") ?? "");
});

/** Returns the elements of a text. */
function fragmentOf(text) {
  const written = marked.parse(text);
  const fragment = purify.sanitize(written, {
    ALLOWED_TAGS: elements,
    ALLOWED_ATTR: ["href", "start", "align"],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) lower(heading);
  for (const wide of fragment.querySelectorAll("pre, table")) scrolling(wide);
  return fragment;
}

/** Turns a heading of the text into one below those of the page. */
function lower(heading) {
  const own = document.createElement(`h${Math.min(6, Number(heading.tagName[1]) + 3)}`);
  own.append(...heading.childNodes);
  heading.replaceWith(own);
}

/** Puts code and tables into a box that scrolls, with the keyboard too. */
function scrolling(wide) {
  const box = document.createElement("div");
  box.className = "scroll";
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", wide.tagName === "PRE" ? "code" : "table");
  wide.replaceWith(box);
  box.append(wide);
}

/** A text as Markdown. */
export function Markdown({ text }) {
  const place = useRef(null);
  useLayoutEffect(() => place.current.replaceChildren(fragmentOf(text)), [text]);
  return html`<div class="markdown" ref=${place}></div>`;
}
