/**
 * Parses the part of WGSL that this project's kernels use.
 *
 * @module
 */

/** A type: a name such as "vec4f", or an array. */
export type Type =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "array"; readonly of: Type; readonly length: number };

/** An expression. */
export type Expression =
  | { readonly kind: "number"; readonly value: number | null } // null: a float
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly of: Expression; readonly at: Expression }
  | { readonly kind: "member"; readonly of: Expression; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "unary"; readonly op: string; readonly of: Expression }
  | { readonly kind: "binary"; readonly op: string; readonly a: Expression; readonly b: Expression };

/** A statement. */
export type Statement =
  | {
    readonly kind: "declare";
    readonly name: string;
    readonly type: Type | null;
    readonly value: Expression | null;
  }
  | { readonly kind: "assign"; readonly target: Expression; readonly op: string; readonly value: Expression }
  | {
    readonly kind: "if";
    readonly condition: Expression;
    readonly then: Statement;
    readonly otherwise: Statement | null;
  }
  | {
    readonly kind: "for";
    readonly start: Statement | null;
    readonly condition: Expression | null;
    readonly step: Statement | null;
    readonly body: Statement;
  }
  | { readonly kind: "block"; readonly body: readonly Statement[] }
  | { readonly kind: "expression"; readonly value: Expression }
  | { readonly kind: "return"; readonly value: Expression | null }
  | { readonly kind: "break" | "continue" };

/** A function, with the builtin of each parameter that has one. */
export interface WgslFunction {
  readonly parameters: readonly { readonly name: string; readonly builtin: string | null }[];
  readonly body: Statement;
  /** Number of invocations of a workgroup; 0 for a function that is no entry point. */
  readonly workgroupSize: number;
}

/** A module. */
export interface WgslModule {
  readonly functions: ReadonlyMap<string, WgslFunction>;
  /** Variables in storage and workgroup memory. */
  readonly variables: ReadonlyMap<string, { readonly space: "storage" | "workgroup"; readonly type: Type }>;
  readonly constants: ReadonlyMap<string, Expression>;
}

const token =
  /\s+|\/\/[^\n]*|(0x[0-9a-fA-F]+[ui]?|\d+\.\d*(?:[eE][+-]?\d+)?[fh]?|\.\d+(?:[eE][+-]?\d+)?[fh]?|\d+[eE][+-]?\d+[fh]?|\d+[uifh]?)|([A-Za-z_]\w*)|(<<=|>>=|&&|\|\||<<|>>|<=|>=|==|!=|\+\+|--|->|[-+*\/%&|^]=|[-+*\/%&|^~!<>=(){}\[\],;:.@])/y;

const precedence: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "|": 3,
  "^": 4,
  "&": 5,
  "==": 6,
  "!=": 6,
  "<": 7,
  ">": 7,
  "<=": 7,
  ">=": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
};

/** Parses a kernel. Throws SyntaxError with the place for what it does not know. */
export function parseWgsl(code: string): WgslModule {
  return new Parser(code).module();
}

class Parser {
  readonly #tokens: readonly { readonly text: string; readonly at: number }[];
  readonly #code: string;
  readonly #aliases = new Map<string, Type>();
  #next = 0;

  constructor(code: string) {
    this.#code = code;
    const tokens: { text: string; at: number }[] = [];
    for (let at = 0; at < code.length; at = token.lastIndex) {
      token.lastIndex = at;
      const match = token.exec(code);
      if (match === null) throw new SyntaxError(`Cannot read WGSL at ${code.slice(at, at + 40)}`);
      const text = match[1] ?? match[2] ?? match[3];
      if (text !== undefined) tokens.push({ text, at });
    }
    this.#tokens = tokens;
  }

  module(): WgslModule {
    const functions = new Map<string, WgslFunction>(), constants = new Map<string, Expression>();
    const variables = new Map<string, { space: "storage" | "workgroup"; type: Type }>();
    while (this.#next < this.#tokens.length) {
      let workgroupSize = 0;
      while (this.#is("@")) {
        const name = this.#name(), args = this.#is("(") ? this.#list(")") : [];
        if (name !== "workgroup_size") continue;
        workgroupSize = args.reduce((n, arg) => n * (arg.kind === "number" ? arg.value! : NaN), 1);
      }
      switch (this.#name()) {
        case "enable":
          this.#until(";");
          break;
        case "alias": {
          const name = this.#name();
          this.#expect("=");
          this.#aliases.set(name, this.#type());
          this.#expect(";");
          break;
        }
        case "const": {
          const name = this.#name();
          if (this.#is(":")) this.#type();
          this.#expect("=");
          constants.set(name, this.#expression());
          this.#expect(";");
          break;
        }
        case "var": {
          this.#expect("<");
          const space = this.#name();
          if (space !== "storage" && space !== "workgroup") throw this.#error("a variable in memory");
          this.#until(">");
          const name = this.#name();
          this.#expect(":");
          variables.set(name, { space, type: this.#type() });
          this.#expect(";");
          break;
        }
        case "fn":
          functions.set(this.#name(), this.#function(workgroupSize));
          break;
        default:
          throw this.#error("a declaration");
      }
    }
    return { functions, variables, constants };
  }

  #function(workgroupSize: number): WgslFunction {
    const parameters: { name: string; builtin: string | null }[] = [];
    this.#expect("(");
    while (!this.#is(")")) {
      let builtin: string | null = null;
      if (this.#is("@")) {
        this.#name();
        this.#expect("(");
        builtin = this.#name();
        this.#expect(")");
      }
      parameters.push({ name: this.#name(), builtin });
      this.#expect(":");
      this.#type();
      this.#is(",");
    }
    if (this.#is("->")) this.#type();
    return { parameters, body: this.#block(), workgroupSize };
  }

  #block(): Statement {
    this.#expect("{");
    const body: Statement[] = [];
    while (!this.#is("}")) if (!this.#is(";")) body.push(this.#statement());
    return { kind: "block", body };
  }

  #statement(): Statement {
    switch (this.#peek()) {
      case "{":
        return this.#block();
      case "if":
        this.#next++;
        return this.#if();
      case "for": {
        this.#next++;
        this.#expect("(");
        const start = this.#is(";") ? null : this.#ended(this.#simple(), ";");
        const condition = this.#is(";") ? null : this.#ended(this.#expression(), ";");
        const step = this.#is(")") ? null : this.#ended(this.#simple(), ")");
        return { kind: "for", start, condition, step, body: this.#block() };
      }
      case "while":
        this.#next++;
        return { kind: "for", start: null, condition: this.#expression(), step: null, body: this.#block() };
      case "return":
        this.#next++;
        return { kind: "return", value: this.#is(";") ? null : this.#ended(this.#expression(), ";") };
      case "break":
      case "continue":
        return this.#ended({ kind: this.#name() === "break" ? "break" : "continue" }, ";");
      default:
        return this.#ended(this.#simple(), ";");
    }
  }

  #if(): Statement {
    const condition = this.#expression(), then = this.#block();
    const otherwise = this.#is("else") ? this.#is("if") ? this.#if() : this.#block() : null;
    return { kind: "if", condition, then, otherwise };
  }

  /** A declaration, an assignment or a call. */
  #simple(): Statement {
    if (["let", "var", "const"].includes(this.#peek())) {
      this.#next++;
      const name = this.#name(), type = this.#is(":") ? this.#type() : null;
      return { kind: "declare", name, type, value: this.#is("=") ? this.#expression() : null };
    }
    const target = this.#expression(), op = this.#peek();
    if (op === "++" || op === "--") {
      this.#next++;
      return { kind: "assign", target, op: op[0], value: { kind: "number", value: 1 } };
    }
    if (!/^([-+*/%&|^]|<<|>>)?=$/.test(op)) return { kind: "expression", value: target };
    this.#next++;
    return { kind: "assign", target, op: op.slice(0, -1), value: this.#expression() };
  }

  #expression(least = 1): Expression {
    let a = this.#unary();
    for (;;) {
      const op = this.#peek(), rank = precedence[op];
      if (rank === undefined || rank < least) return a;
      this.#next++;
      a = { kind: "binary", op, a, b: this.#expression(rank + 1) };
    }
  }

  #unary(): Expression {
    const op = this.#peek();
    if (["-", "!", "~", "&", "*"].includes(op)) {
      this.#next++;
      return { kind: "unary", op, of: this.#unary() };
    }
    let value = this.#primary();
    for (;;) {
      if (this.#is("[")) value = { kind: "index", of: value, at: this.#ended(this.#expression(), "]") };
      else if (this.#is(".")) value = { kind: "member", of: value, name: this.#name() };
      else return value;
    }
  }

  #primary(): Expression {
    if (this.#is("(")) return this.#ended(this.#expression(), ")");
    const text = this.#take();
    if (text === "true" || text === "false") return { kind: "boolean", value: text === "true" };
    if (/^[.\d]/.test(text)) {
      const isFloat = !/^0x/.test(text) && /[.eEfh]/.test(text);
      return { kind: "number", value: isFloat ? null : Number.parseInt(text) };
    }
    if (!/^\w/.test(text)) throw this.#error("an expression");
    if (this.#peek() === "<" && /^(vec[234]|array|bitcast)$/.test(text)) {
      this.#next++;
      const of = this.#type();
      this.#until(">");
      this.#expect("(");
      const name = of.kind === "name" && text !== "bitcast" ? `${text}<${of.name}>` : text;
      return { kind: "call", name, args: this.#list(")") };
    }
    if (!this.#is("(")) return { kind: "name", name: text };
    const alias = this.#aliases.get(text);
    return { kind: "call", name: alias?.kind === "name" ? alias.name : text, args: this.#list(")") };
  }

  #type(): Type {
    const name = this.#name();
    const alias = this.#aliases.get(name);
    if (alias !== undefined) return alias;
    if (!this.#is("<")) return { kind: "name", name };
    const of = this.#type();
    if (name !== "array") {
      this.#until(">");
      return name === "atomic" ? of : { kind: "name", name: `${name}<${of.kind === "name" ? of.name : ""}>` };
    }
    const length = this.#is(",") ? Number.parseInt(this.#take()) : Infinity;
    this.#expect(">");
    return { kind: "array", of, length };
  }

  #list(end: string): Expression[] {
    const items: Expression[] = [];
    while (!this.#is(end)) {
      items.push(this.#expression());
      this.#is(",");
    }
    return items;
  }

  #peek(): string {
    return this.#tokens[this.#next]?.text ?? "";
  }

  #take(): string {
    const text = this.#peek();
    this.#next++;
    return text;
  }

  #name(): string {
    if (!/^[A-Za-z_]/.test(this.#peek())) throw this.#error("a name");
    return this.#take();
  }

  #is(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#is(text)) throw this.#error(text);
  }

  #ended<T>(value: T, end: string): T {
    this.#expect(end);
    return value;
  }

  #until(end: string): void {
    while (!this.#is(end)) {
      if (this.#next++ >= this.#tokens.length) throw this.#error(end);
    }
  }

  #error(wanted: string): SyntaxError {
    const at = this.#tokens[this.#next]?.at ?? this.#code.length;
    return new SyntaxError(`Expected ${wanted} in WGSL at: ${this.#code.slice(at, at + 60)}`);
  }
}
