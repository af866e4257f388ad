/**
 * WGSL that reads an operand of a matrix product in place, transposed or not, as vectors of four if the size
 * of its contiguous axis is a multiple of 4.
 *
 * An operand has a width (the rows of the result for operand `a`, the columns for operand `b`) and a depth,
 * over which the product sums.
 *
 * @module
 */
import { DEPTH } from "./matmul_variants.ts";

/** An operand of a product. */
export interface Operand {
  /** Name of the operand's binding, which is also the prefix of the operand's variables. */
  readonly name: "in0" | "in1";
  /** The axis that is contiguous in memory. */
  readonly along: "width" | "depth";
  /** Rows of the result for operand `a`, columns for operand `b`. */
  readonly width: number;
  /** Number of terms of each sum. */
  readonly depth: number;
}

/** Numbers of an operand that were loaded into registers. */
export interface LoadedOperand {
  /** Statements that load the numbers. */
  readonly lines: readonly string[];
  /**
   * Returns an expression for four numbers: those at depth `step` in the group with index `group` along the
   * width.
   */
  vector(group: number, step: number): string;
  /** Returns an expression for one of the four numbers, the one with index `lane`. */
  element(group: number, lane: number, step: number): string;
}

/** Number of depth steps that are loaded at once, and size of a group along the width. */
export const STEPS = 4;
const FOUR = [0, 1, 2, 3];

/**
 * Returns whether the operand's binding is an array of vec4f, which requires that the size of the contiguous
 * axis is a multiple of 4.
 */
export function isVector({ along, width, depth }: Operand): boolean {
  return (along === "width" ? width : depth) % 4 === 0;
}

/** Returns the element type of the operand's binding. */
export function elementType(operand: Operand): "f32" | "vec4f" {
  return isVector(operand) ? "vec4f" : "f32";
}

/**
 * Returns statements that compute the addresses of groups of four along the width, once for all depths. An
 * address past the operand's edge is replaced by the last address inside the operand; results of the numbers
 * that are read there are not stored.
 */
export function groupAddresses(
  operand: Operand,
  groups: readonly string[],
  { shared = false }: { readonly shared?: boolean } = {},
): readonly string[] {
  const { name, along, width, depth } = operand;
  return groups.flatMap((first, g) => {
    if (along === "depth" && shared) {
      return [`let ${name}_${g} = min(${first} + quad, ${width - 1}u) * ${depth / 4}u;`];
    }
    if (along === "width" && isVector(operand)) {
      return [`let ${name}_${g} = min(${first}, ${width - 4}u) / 4u;`];
    }
    const step = along === "width" ? "" : ` * ${isVector(operand) ? depth / 4 : depth}u`;
    return FOUR.map((lane) => `let ${name}_${g}_${lane} = min(${first} + ${lane}u, ${width - 1}u)${step};`);
  });
}

/**
 * Loads `groups` groups at depths `k` … `k + steps - 1`, where `k` is a multiple of 4 and `steps` is at most
 * 4. If `shared`, the four invocations of a quad need the same numbers: each loads a quarter of them, chosen
 * by its index `quad`, and broadcasts it to the others.
 */
export function loadGroups(
  operand: Operand,
  { groups, steps, shared = false }: {
    readonly groups: number;
    readonly steps: number;
    readonly shared?: boolean;
  },
): LoadedOperand {
  const { name, along, width, depth } = operand, vector = isVector(operand);
  const lines: string[] = [];
  if (shared) {
    for (let g = 0; g < groups; g++) {
      const at = along === "width"
        ? `min(k + quad, ${depth - 1}u) * ${width / 4}u + ${name}_${g}`
        : `${name}_${g} + k / 4u`;
      lines.push(`let ${name}q_${g} = ${name}[${at}];`);
      for (const q of FOUR) lines.push(`let ${name}v_${g}_${q} = quadBroadcast(${name}q_${g}, ${q}u);`);
    }
    return { lines, ...access(operand) };
  }
  for (let g = 0; g < groups; g++) {
    if (along === "width") {
      for (let s = 0; s < steps; s++) {
        const row = `(k + ${s}u) * ${vector ? width / 4 : width}u`;
        const value = vector
          ? `${name}[${row} + ${name}_${g}]`
          : `vec4f(${FOUR.map((lane) => `${name}[${row} + ${name}_${g}_${lane}]`).join(", ")})`;
        lines.push(`let ${name}v_${g}_${s} = ${value};`);
      }
    } else {
      for (const lane of FOUR) {
        const at = `${name}_${g}_${lane}`;
        const numbers = FOUR.map((s) => s < steps ? `${name}[${at} + k + ${s}u]` : "0.0");
        lines.push(
          `let ${name}v_${g}_${lane} = ${
            vector ? `${name}[${at} + k / 4u]` : `vec4f(${numbers.join(", ")})`
          };`,
        );
      }
    }
  }
  return { lines, ...access(operand) };
}

/**
 * Returns the names of the loaded numbers. A vector holds a group at one step or, if memory is contiguous
 * along the depth, four steps of one row (for operand `a`) or column (for operand `b`).
 */
function access({ name, along }: Operand): Omit<LoadedOperand, "lines"> {
  return along === "width"
    ? {
      vector: (group, step) => `${name}v_${group}_${step}`,
      element: (group, lane, step) => `${name}v_${group}_${step}[${lane}]`,
    }
    : {
      vector: (group, step) => `vec4f(${FOUR.map((l) => `${name}v_${group}_${l}[${step}]`).join(", ")})`,
      element: (group, lane, step) => `${name}v_${group}_${lane}[${step}]`,
    };
}

/**
 * Returns a vec4f of four numbers that are adjacent in memory, starting at width `wide` and depth `deep`. The
 * index along the contiguous axis must be a multiple of 4. Numbers past depth `end` are zeros; if the depth
 * is a multiple of DEPTH, no tile has any. Numbers past the width belong to results that are not stored, so
 * they may be any. The code uses `select` instead of branches; WGSL keeps the unused reads in bounds.
 */
export function loadPiece(
  operand: Operand,
  { wide, deep, end }: { readonly wide: string; readonly deep: string; readonly end: string },
): string {
  const { name, along, width, depth } = operand, isWhole = depth % DEPTH === 0;
  const one = (w: string, d: string) => {
    const at = along === "width" ? `(${d}) * ${width}u + ${w}` : `(${w}) * ${depth}u + ${d}`;
    const [value, zero] = isVector(operand)
      ? [`${name}[(${at}) / 4u]`, "vec4f()"]
      : [`${name}[${at}]`, "0.0"];
    return isWhole ? value : `select(${zero}, ${value}, ${d} < ${end})`;
  };
  if (isVector(operand)) return one(wide, deep);
  const each = FOUR.map((i) =>
    along === "width" ? one(`${wide} + ${i}u`, deep) : one(wide, `${deep} + ${i}u`)
  );
  return `vec4f(\n  ${each.join(",\n  ")})`;
}
