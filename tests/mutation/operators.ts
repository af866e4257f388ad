/**
 * Makes mutants of a module: copies of its source with one small fault each, such as `<=` in place of `<`.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";
import { type Node, parse } from "acorn";

/** A change of a module's source. */
export interface Mutation {
  /** The kind of the fault, such as "comparison". */
  readonly operator: string;
  /** Offsets in the source, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

type Tree = Node & Readonly<Record<string, unknown>>;

const comparisons: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
};
const arithmetic: Readonly<Record<string, string>> = { "+": "-", "-": "+", "*": "/", "/": "*", "%": "*" };
const logic: Readonly<Record<string, string>> = { "&&": "||", "||": "&&" };

/**
 * All mutations of a TypeScript module, in the order of their places. The texts of errors are left alone.
 * Throws SyntaxError if the source cannot be parsed.
 */
export function mutationsOf(source: string): Mutation[] {
  const tree = parse(withoutTypes(source), { ecmaVersion: "latest", sourceType: "module" });
  const found: Mutation[] = [];
  visit(tree, (node) => found.push(...mutationsAt(node, source)));
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The source with one mutation. */
export function mutated(source: string, { start, end, replacement }: Mutation): string {
  return source.slice(0, start) + replacement + source.slice(end);
}

/** The source with each type replaced by as many blanks, so that places remain the same. */
function withoutTypes(source: string): string {
  // The stripper refuses parameter properties, although it leaves the places of everything else alone.
  const plain = source.replace(
    /\b(readonly|public|private|protected) (?=#?\w+(\??:| =))/g,
    (word) => " ".repeat(word.length),
  );
  return stripTypeScriptTypes(plain);
}

function visit(node: Tree | Node, found: (node: Tree) => void): void {
  const tree = node as Tree;
  if (tree.type === "ThrowStatement" || tree.type === "ImportDeclaration") return;
  found(tree);
  for (const value of Object.values(tree)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, found);
  }
}

function mutationsAt(node: Tree, source: string): Mutation[] {
  const whole = (operator: string, replacement: string): Mutation => ({
    operator,
    start: node.start,
    end: node.end,
    replacement,
  });
  const text = source.slice(node.start, node.end);
  switch (node.type) {
    case "BinaryExpression":
      return [...exchange("comparison", comparisons, node, source), ...exchangeSum(node, source)];
    case "LogicalExpression":
      return exchange("logic", logic, node, source);
    case "IfStatement":
    case "WhileStatement":
    case "ConditionalExpression":
      return isNode(node.test) ? [negation(node.test, source)] : [];
    case "Literal":
      if (typeof node.value === "boolean") return [whole("boolean", String(!node.value))];
      if (typeof node.value !== "number") return [];
      return [1, -1].map((by) => whole("boundary", literal(Number(node.value) + by)));
    case "AwaitExpression":
      return [whole("await", text.replace(/^await\s+/, ""))];
    case "ExpressionStatement":
      return isRemovable(node) ? [whole("removal", ";")] : [];
    default:
      return [];
  }
}

/** Statements whose removal leaves a valid program: everything but `super(…)`. */
function isRemovable({ expression }: Tree): boolean {
  if (!isNode(expression)) return false;
  const call = expression.type === "AwaitExpression" && isNode(expression.argument)
    ? expression.argument
    : expression;
  return !(isNode(call.callee) && call.callee.type === "Super") && expression.type !== "Literal";
}

function negation(test: Tree, source: string): Mutation {
  const { start, end } = test;
  return { operator: "negation", start, end, replacement: `!(${source.slice(start, end)})` };
}

/** Replaces the operator between two operands. */
function exchange(
  operator: string,
  table: Readonly<Record<string, string>>,
  { left, right, operator: sign }: Tree,
  source: string,
): Mutation[] {
  if (!isNode(left) || !isNode(right) || typeof sign !== "string" || table[sign] === undefined) return [];
  const start = source.indexOf(sign, left.end);
  if (start < 0 || start >= right.start) return [];
  return [{ operator, start, end: start + sign.length, replacement: table[sign] }];
}

/** As `exchange`, for arithmetic; a `+` that joins texts is left alone. */
function exchangeSum(node: Tree, source: string): Mutation[] {
  return joinsTexts(node) ? [] : exchange("arithmetic", arithmetic, node, source);
}

function joinsTexts(node: unknown): boolean {
  if (!isNode(node)) return false;
  if (node.type === "TemplateLiteral" || node.type === "Literal") return typeof node.value !== "number";
  return node.type === "BinaryExpression" && node.operator === "+" &&
    (joinsTexts(node.left) || joinsTexts(node.right));
}

/** A number as source; a negative one in parentheses, because it may follow a minus sign. */
function literal(value: number): string {
  return value < 0 ? `(${value})` : String(value);
}

function isNode(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
