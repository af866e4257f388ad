/**
 * WGSL that reads an operand of a matrix product where it lies: transposed or not, four numbers at once where
 * its contiguous axis is a multiple of 4.
 *
 * An operand has a width (rows of the result for a, columns for b) and a depth, over which the product sums.
 *
 * @module
 */

/** An operand in memory. */
export interface Operand {
  /** Its binding, also the beginning of names made for it. */
  readonly name: "in0" | "in1";
  /** The axis whose neighbours are neighbours in memory. */
  readonly along: "width" | "depth";
  readonly width: number;
  readonly depth: number;
}

/** Numbers of an operand in registers. */
export interface LoadedOperand {
  /** Statements that load them. */
  readonly lines: readonly string[];
  /** Four neighbours along the width, group `group`, at step `step` of the depth. */
  vector(group: number, step: number): string;
  /** One of them. */
  element(group: number, lane: number, step: number): string;
}

/** Steps of the depth that are loaded together, and numbers of a group along the width. */
export const STEPS = 4;
const FOUR = [0, 1, 2, 3];

/** Its binding is an array of vec4f: its contiguous axis is a multiple of 4. */
export function isVector({ along, width, depth }: Operand): boolean {
  return (along === "width" ? width : depth) % 4 === 0;
}

/** The type of its binding's elements. */
export function elementType(operand: Operand): "f32" | "vec4f" {
  return isVector(operand) ? "vec4f" : "f32";
}

/**
 * Statements that find where groups of four along the width begin, once for all depths. What is beyond the
 * edge reads the last number instead: its products are not stored.
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
 * Loads `groups` groups at depths `k` … `k` + `steps` - 1; `k` is a multiple of 4, `steps` at most 4. With
 * `shared` the four invocations of a quad want the same numbers: each loads a quarter, by its number `quad`,
 * and gives it to the others.
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
 * How to name what is loaded: a vector is a group at a step, or, along the depth, four steps of one number's
 * place.
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
 * A vec4f of four neighbours in memory, from width `wide` and depth `deep`, the one along memory a multiple
 * of 4; zeros beyond `width` and beyond depth `end`. It selects instead of branching: what is read in vain is
 * within WGSL's bounds.
 */
export function loadPiece(
  operand: Operand,
  { wide, deep, end }: { readonly wide: string; readonly deep: string; readonly end: string },
): string {
  const { name, along, width, depth } = operand;
  const one = (w: string, d: string) => {
    const at = along === "width" ? `(${d}) * ${width}u + ${w}` : `(${w}) * ${depth}u + ${d}`;
    const inside = `(${w} < ${width}u) & (${d} < ${end})`; // && would branch
    return isVector(operand)
      ? `select(vec4f(), ${name}[(${at}) / 4u], ${inside})`
      : `select(0.0, ${name}[${at}], ${inside})`;
  };
  if (isVector(operand)) return one(wide, deep);
  const each = FOUR.map((i) =>
    along === "width" ? one(`${wide} + ${i}u`, deep) : one(wide, `${deep} + ${i}u`)
  );
  return `vec4f(\n  ${each.join(",\n  ")})`;
}
