/**
 * Builds a page's tree for parse5.
 *
 * @module
 */
import { html as standard, type Token, type TreeAdapter } from "parse5";
import { PageElement, type PageNode, PageText } from "./node.ts";

/** The types of parse5's tree. Comments and document types are not part of ours. */
export interface TreeTypes {
  /** Any node. */
  node: PageNode;
  /** A node with children. */
  parentNode: PageElement;
  /** A node with a parent. */
  childNode: PageNode;
  /** A page. */
  document: PageElement;
  /** The content of a template. */
  documentFragment: PageElement;
  /** An element. */
  element: PageElement;
  /** A comment, which is dropped. */
  commentNode: PageText;
  /** A text. */
  textNode: PageText;
  /** A template; its only child is its content. */
  template: PageElement;
  /** A document type, which is dropped. */
  documentType: PageText;
}

/** The error for a page whose tree would grow beyond its limit. */
export class TreeTooLarge extends Error {
  override readonly name = "TreeTooLarge";
}

const foreign: Readonly<Record<string, "svg" | "math">> = {
  [standard.NS.SVG]: "svg",
  [standard.NS.MATHML]: "math",
};
const namespaces = { "": standard.NS.HTML, svg: standard.NS.SVG, math: standard.NS.MATHML };

/** Number of elements that a page may have besides those for its start tags. */
const FREE_ELEMENTS = 1000;

/** The functions that parse5 calls to build a tree. */
export class PageTreeAdapter implements TreeAdapter<TreeTypes> {
  #mode = standard.DOCUMENT_MODE.NO_QUIRKS;
  #elements = 0;
  #tags = 0;
  readonly #limit: { readonly elements: number; readonly elementsPerTag: number };

  /** Creating an element fails with `TreeTooLarge` when there are too many, in all or per start tag. */
  constructor(limit: { readonly elements: number; readonly elementsPerTag: number }) {
    this.#limit = limit;
  }

  /** Counts a start tag of the page. */
  countTag(): void {
    this.#tags++;
  }

  /** @inheritdoc */
  createDocument(): PageElement {
    return new PageElement("#document");
  }

  /** @inheritdoc */
  createDocumentFragment(): PageElement {
    return new PageElement("#fragment");
  }

  /** @inheritdoc */
  createElement(name: string, namespace: string, attributes: Token.Attribute[]): PageElement {
    const { elements, elementsPerTag } = this.#limit;
    if (++this.#elements > Math.min(elements, FREE_ELEMENTS + elementsPerTag * this.#tags)) {
      throw new TreeTooLarge(`The page has more than ${this.#elements - 1} elements`);
    }
    return new PageElement(name, attributes, foreign[namespace] ?? "");
  }

  /** @inheritdoc */
  createTextNode(value: string): PageText {
    return new PageText(value);
  }

  /** @inheritdoc */
  createCommentNode(): PageText {
    return new PageText("");
  }

  /** @inheritdoc */
  appendChild(parent: PageElement, node: PageNode): void {
    if (node instanceof PageText && node.value === "") return; // a comment
    parent.children.push(node);
    node.parent = parent;
  }

  /** @inheritdoc */
  insertBefore(parent: PageElement, node: PageNode, before: PageNode): void {
    parent.children.splice(parent.children.lastIndexOf(before), 0, node);
    node.parent = parent;
  }

  /** @inheritdoc */
  setTemplateContent(template: PageElement, content: PageElement): void {
    template.children.push(content);
    content.parent = template;
  }

  /** @inheritdoc */
  getTemplateContent(template: PageElement): PageElement {
    return template.children[0] instanceof PageElement ? template.children[0] : template;
  }

  /** @inheritdoc */
  setDocumentType(): void {}

  /** @inheritdoc */
  setDocumentMode(_document: PageElement, mode: standard.DOCUMENT_MODE): void {
    this.#mode = mode;
  }

  /** @inheritdoc */
  getDocumentMode(): standard.DOCUMENT_MODE {
    return this.#mode;
  }

  /** @inheritdoc */
  detachNode(node: PageNode): void {
    const siblings = node.parent?.children;
    const at = siblings?.lastIndexOf(node) ?? -1;
    if (at >= 0) siblings?.splice(at, 1);
    node.parent = null;
  }

  /** @inheritdoc */
  insertText(parent: PageElement, text: string): void {
    const last = parent.children.at(-1);
    if (last instanceof PageText) last.value += text;
    else this.appendChild(parent, new PageText(text));
  }

  /** @inheritdoc */
  insertTextBefore(parent: PageElement, text: string, before: PageNode): void {
    const last = parent.children[parent.children.lastIndexOf(before) - 1];
    if (last instanceof PageText) last.value += text;
    else this.insertBefore(parent, new PageText(text), before);
  }

  /** @inheritdoc */
  adoptAttributes(element: PageElement, attributes: Token.Attribute[]): void {
    for (const attribute of attributes) if (!element.has(attribute.name)) element.attributes.push(attribute);
  }

  /** @inheritdoc */
  getFirstChild(node: PageElement): PageNode | null {
    return node.children[0] ?? null;
  }

  /** @inheritdoc */
  getChildNodes(node: PageElement): PageNode[] {
    return node.children;
  }

  /** @inheritdoc */
  getParentNode(node: PageNode): PageElement | null {
    return node.parent;
  }

  /** @inheritdoc */
  getAttrList(element: PageElement): Token.Attribute[] {
    return element.attributes;
  }

  /** @inheritdoc */
  getTagName(element: PageElement): string {
    return element.name;
  }

  /** @inheritdoc */
  getNamespaceURI(element: PageElement): standard.NS {
    return namespaces[element.foreign];
  }

  /** @inheritdoc */
  getTextNodeContent(text: PageText): string {
    return text.value;
  }

  /** @inheritdoc */
  getCommentNodeContent(): string {
    return "";
  }

  /** @inheritdoc */
  getDocumentTypeNodeName(): string {
    return "html";
  }

  /** @inheritdoc */
  getDocumentTypeNodePublicId(): string {
    return "";
  }

  /** @inheritdoc */
  getDocumentTypeNodeSystemId(): string {
    return "";
  }

  /** @inheritdoc */
  isTextNode(node: PageNode): node is PageText {
    return node instanceof PageText;
  }

  /** @inheritdoc */
  isCommentNode(_node: PageNode): _node is PageText {
    return false;
  }

  /** @inheritdoc */
  isDocumentTypeNode(_node: PageNode): _node is PageText {
    return false;
  }

  /** @inheritdoc */
  isElementNode(node: PageNode): node is PageElement {
    return node instanceof PageElement;
  }

  /** @inheritdoc */
  setNodeSourceCodeLocation(): void {}

  /** @inheritdoc */
  getNodeSourceCodeLocation(): null {
    return null;
  }

  /** @inheritdoc */
  updateNodeSourceCodeLocation(): void {}
}
