/**
 * Runs one invocation of a WGSL kernel far enough to know which addresses it reads and writes: integers are
 * computed, floats are not, and loops end after a few iterations.
 *
 * @module
 */
import type { Expression, Statement, Type, WgslFunction, WgslModule } from "./wgsl_text.ts";

/** An access of one invocation to memory. */
export interface Access {
  /** The expression that accesses memory. */
  readonly site: Expression;
  readonly kind: "load" | "store";
  readonly space: "storage" | "workgroup";
  /** Name of the variable. */
  readonly name: string;
  /** Offset in the variable, in bytes. */
  readonly offset: number;
  /** Number of bytes. */
  readonly bytes: number;
}

/** What an invocation knows about itself. */
export interface Invocation {
  readonly lane: number;
  readonly group: readonly [number, number, number];
  /** Number of workgroups along each axis. */
  readonly workgroups: readonly [number, number, number];
  /** Number of iterations after which a loop ends. */
  readonly iterations: number;
  /** Integer that every load of an integer returns; default 0. */
  readonly integer?: number;
}

/** A number, a float whose value is not known (null), a boolean, or a vector of these. */
type Value = number | null | boolean | readonly Value[];

const done = Symbol("return");
type Outcome = "next" | "break" | "continue" | { readonly [done]: Value };

/** Returns the accesses of an invocation of `main`, in order. Throws TypeError for what it cannot compute. */
export function accessesOf(module: WgslModule, invocation: Invocation): readonly Access[] {
  return new Lane(module, invocation).run();
}

class Lane {
  readonly #module: WgslModule;
  readonly #invocation: Invocation;
  readonly #accesses: Access[] = [];

  constructor(module: WgslModule, invocation: Invocation) {
    this.#module = module;
    this.#invocation = invocation;
  }

  run(): readonly Access[] {
    const main = this.#module.functions.get("main");
    if (main === undefined) throw new TypeError("the kernel has no function main");
    this.#call(main, main.parameters.map(({ builtin }) => this.#builtin(builtin, main)));
    return this.#accesses;
  }

  #builtin(name: string | null, { workgroupSize }: WgslFunction): Value {
    const { lane, group, workgroups } = this.#invocation;
    switch (name) {
      case "local_invocation_index":
        return lane;
      case "local_invocation_id":
        return [lane, 0, 0];
      case "workgroup_id":
        return group;
      case "num_workgroups":
        return workgroups;
      case "global_invocation_id":
        return [group[0] * workgroupSize + lane, group[1], group[2]];
      default:
        throw new TypeError(`Unknown builtin ${name}`);
    }
  }

  #call({ parameters, body }: WgslFunction, args: readonly Value[]): Value {
    const scope = new Map(parameters.map(({ name }, i) => [name, args[i]]));
    const outcome = this.#statement(body, [scope]);
    return typeof outcome === "object" ? outcome[done] : null;
  }

  #statement(statement: Statement, scopes: readonly Map<string, Value>[]): Outcome {
    switch (statement.kind) {
      case "declare": {
        const { name, type, value } = statement;
        scopes[0].set(name, value === null ? initial(type!) : this.#value(value, scopes));
        return "next";
      }
      case "assign": {
        const { target, op, value } = statement, right = this.#value(value, scopes);
        this.#assign(target, op === "" ? right : binary(op, this.#value(target, scopes), right), scopes);
        return "next";
      }
      case "if": {
        const { condition, then, otherwise } = statement;
        if (this.#value(condition, scopes) !== false) return this.#statement(then, scopes);
        return otherwise === null ? "next" : this.#statement(otherwise, scopes);
      }
      case "block": {
        const inner = [new Map<string, Value>(), ...scopes];
        for (const each of statement.body) {
          const outcome = this.#statement(each, inner);
          if (outcome !== "next") return outcome;
        }
        return "next";
      }
      case "for": {
        const { start, condition, step, body } = statement, inner = [new Map<string, Value>(), ...scopes];
        if (start !== null) this.#statement(start, inner);
        for (let iteration = 0; iteration < this.#invocation.iterations; iteration++) {
          if (condition !== null && this.#value(condition, inner) === false) break;
          const outcome = this.#statement(body, inner);
          if (outcome === "break") break;
          if (typeof outcome === "object") return outcome;
          if (step !== null) this.#statement(step, inner);
        }
        return "next";
      }
      case "expression":
        this.#value(statement.value, scopes);
        return "next";
      case "return":
        return { [done]: statement.value === null ? null : this.#value(statement.value, scopes) };
      case "break":
      case "continue":
        return statement.kind;
    }
  }

  #assign(target: Expression, value: Value, scopes: readonly Map<string, Value>[]): void {
    if (this.#access(target, "store", scopes) !== undefined) return;
    if (target.kind === "name") {
      const scope = scopes.find((scope) => scope.has(target.name));
      if (scope === undefined) throw new TypeError(`Unknown variable ${target.name}`);
      scope.set(target.name, value);
      return;
    }
    if (target.kind !== "index" && target.kind !== "member") {
      throw new TypeError(`Cannot assign to a ${target.kind}`);
    }
    const vector = this.#value(target.of, scopes), at = this.#component(target, scopes);
    if (!Array.isArray(vector)) throw new TypeError("Cannot assign to a part of a number");
    this.#assign(target.of, vector.with(at, value), scopes);
  }

  /** Index of a component of a vector. */
  #component(
    part: Extract<Expression, { kind: "index" | "member" }>,
    scopes: readonly Map<string, Value>[],
  ): number {
    return part.kind === "member" ? "xyzw".indexOf(part.name) : integer(this.#value(part.at, scopes));
  }

  #value(expression: Expression, scopes: readonly Map<string, Value>[]): Value {
    switch (expression.kind) {
      case "number":
      case "boolean":
        return expression.value;
      case "name": {
        const scope = scopes.find((scope) => scope.has(expression.name));
        if (scope !== undefined) return scope.get(expression.name)!;
        const constant = this.#module.constants.get(expression.name);
        if (constant !== undefined) return this.#value(constant, scopes);
        const loaded = this.#access(expression, "load", scopes);
        if (loaded !== undefined) return loaded;
        throw new TypeError(`Unknown name ${expression.name}`);
      }
      case "index":
      case "member": {
        const loaded = this.#access(expression, "load", scopes);
        if (loaded !== undefined) return loaded;
        const vector = this.#value(expression.of, scopes);
        if (!Array.isArray(vector)) throw new TypeError("Cannot take a part of a number");
        if (expression.kind === "index") return vector[this.#component(expression, scopes)];
        const parts = [...expression.name].map((letter) => vector["xyzw".indexOf(letter)]);
        return parts.length === 1 ? parts[0] : parts;
      }
      case "unary": {
        if (expression.op === "&") {
          return this.#access(expression.of, "load", scopes) ?? this.#value(expression.of, scopes);
        }
        const value = this.#value(expression.of, scopes);
        return each(
          (x) => typeof x === "boolean" ? !x : x === null ? null : expression.op === "-" ? -x : ~x >>> 0,
          [
            value,
          ],
        );
      }
      case "binary": {
        const { op } = expression, a = this.#value(expression.a, scopes);
        if (op === "&&" && a === false || op === "||" && a === true) return a;
        return binary(op, a, this.#value(expression.b, scopes));
      }
      case "call": {
        const own = this.#module.functions.get(expression.name);
        const args = expression.args.map((arg) => this.#value(arg, scopes));
        return own === undefined ? builtinCall(expression.name, args) : this.#call(own, args);
      }
    }
  }

  /** Records an access, and returns what is loaded; undefined if the expression is no place in memory. */
  #access(
    site: Expression,
    kind: Access["kind"],
    scopes: readonly Map<string, Value>[],
  ): Value | undefined {
    const place = this.#place(site, scopes);
    if (place === undefined) return undefined;
    const { name, type, offset } = place, { space } = this.#module.variables.get(name)!;
    this.#accesses.push({ site, kind, space, name, offset, bytes: sizeOf(type) });
    return initial(type, this.#invocation.integer);
  }

  #place(
    site: Expression,
    scopes: readonly Map<string, Value>[],
  ): { readonly name: string; readonly type: Type; readonly offset: number } | undefined {
    if (site.kind === "name") {
      const variable = this.#module.variables.get(site.name);
      if (variable === undefined || scopes.some((scope) => scope.has(site.name))) return undefined;
      return { name: site.name, type: variable.type, offset: 0 };
    }
    if (site.kind !== "index" && site.kind !== "member") return undefined;
    const whole = this.#place(site.of, scopes);
    if (whole === undefined) return undefined;
    const { type } = whole;
    if (type.kind === "array") {
      if (site.kind !== "index") throw new TypeError("An array has no members");
      const at = Math.min(integer(this.#value(site.at, scopes)), type.length - 1);
      return { ...whole, type: type.of, offset: whole.offset + at * sizeOf(type.of) };
    }
    if (site.kind === "member" && site.name.length > 1) return undefined; // loads the whole vector
    const { bytes, scalar } = vectorOf(type);
    return {
      ...whole,
      type: { kind: "name", name: scalar },
      offset: whole.offset + this.#component(site, scopes) * bytes,
    };
  }
}

/** Applies a function to each component; a number counts as a vector of equal components. */
function each(f: (...parts: (number | null | boolean)[]) => Value, args: readonly Value[]): Value {
  const length = args.find((arg) => Array.isArray(arg));
  if (!Array.isArray(length)) return f(...args.map(scalar));
  return length.map((_, i) => f(...args.map((arg) => scalar(Array.isArray(arg) ? arg[i] : arg))));
}

function scalar(value: Value): number | null | boolean {
  if (typeof value === "object" && value !== null) throw new TypeError("Expected a number, found a vector");
  return value;
}

function integer(value: Value): number {
  if (typeof value !== "number") throw new TypeError(`An index is ${value}: it depends on a float`);
  return value;
}

function binary(op: string, left: Value, right: Value): Value {
  return each((a, b) => {
    if (typeof a === "boolean" && typeof b === "boolean") {
      return op[0] === "&" ? a && b : op[0] === "|" ? a || b : op === "==" ? a === b : a !== b;
    }
    const isComparison = /^([<>]=?|[=!]=)$/.test(op);
    if (typeof a !== "number" || typeof b !== "number") return isComparison ? true : null;
    switch (op) {
      case "+":
        return (a + b) >>> 0;
      case "-":
        return (a - b) >>> 0;
      case "*":
        return Math.imul(a, b) >>> 0;
      case "/":
        return Math.trunc(a / b);
      case "%":
        return a % b;
      case "&":
        return (a & b) >>> 0;
      case "|":
        return (a | b) >>> 0;
      case "^":
        return (a ^ b) >>> 0;
      case "<<":
        return (a << b) >>> 0;
      case ">>":
        return a >>> b;
      case "<":
        return a < b;
      case ">":
        return a > b;
      case "<=":
        return a <= b;
      case ">=":
        return a >= b;
      case "==":
        return a === b;
      case "!=":
        return a !== b;
      default:
        throw new TypeError(`Unknown operator ${op}`);
    }
  }, [left, right]);
}

function builtinCall(name: string, args: readonly Value[]): Value {
  const vector = /^vec([234])(?:[fuih]|<\w+>)?$/.exec(name);
  if (vector !== null) {
    const parts = args.flat() as Value[], length = Number(vector[1]);
    const isFloat = /f|h/.test(name.slice(4));
    const filled = parts.length === length
      ? parts
      : Array.from({ length }, () => parts.length === 0 ? isFloat ? null : 0 : parts[0]);
    return isFloat ? filled.map(() => null) : filled;
  }
  switch (name) {
    case "workgroupBarrier":
    case "storageBarrier":
      return null;
    case "u32":
    case "i32":
      return each((x) => typeof x === "boolean" ? Number(x) : x, args);
    case "f32":
    case "f16":
      return null;
    case "min":
    case "max":
      return each((a, b) => typeof a === "number" && typeof b === "number" ? Math[name](a, b) : null, args);
    case "clamp":
      return each(
        (x, low, high) =>
          typeof x === "number" && typeof low === "number" && typeof high === "number"
            ? Math.min(Math.max(x, low), high)
            : null,
        args,
      );
    case "select":
      return each((a, b, condition) => condition === false ? a : b, args);
    case "all":
    case "any":
      return !args.flat().includes(false);
    case "workgroupUniformLoad":
    case "atomicLoad":
      return args[0];
    case "firstTrailingBit":
      return each((x) => typeof x === "number" ? x === 0 ? 0xffffffff : 31 - Math.clz32(x & -x) : null, args);
    case "dot":
    case "length":
      return null;
    default:
      return each(() => null, args); // exp, fma, sqrt, atomicOr …
  }
}

function initial(type: Type, integer = 0): Value {
  if (type.kind === "array") return Array.from({ length: type.length }, () => initial(type.of, integer));
  const vector = /^vec([234])/.exec(type.name);
  const zero = /u|i/.test(type.name.slice(vector === null ? 0 : 4)) ? integer : null;
  if (vector !== null) return Array.from({ length: Number(vector[1]) }, () => zero);
  return type.name === "bool" ? false : zero;
}

function vectorOf(type: Type): { readonly length: number; readonly bytes: number; readonly scalar: string } {
  if (type.kind === "array") throw new TypeError("An array is no vector");
  const match = /^vec([234])(?:([fuih])|<(\w+)>)$/.exec(type.name);
  const names: Readonly<Record<string, string>> = { f: "f32", u: "u32", i: "i32", h: "f16" };
  const scalar = match === null ? type.name : match[3] ?? names[match[2]];
  return { length: match === null ? 1 : Number(match[1]), bytes: scalar === "f16" ? 2 : 4, scalar };
}

function sizeOf(type: Type): number {
  if (type.kind === "array") return type.length * sizeOf(type.of);
  const { length, bytes } = vectorOf(type);
  return (length === 3 ? 4 : length) * bytes;
}
