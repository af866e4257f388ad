/**
 * Splits a dispatch into several that each compute some of its workgroups. Drivers reset a GPU that works too
 * long on one submit, and a large product or attention may take seconds on a slow GPU. Workgroups do not
 * depend on each other, so any split gives the same bits.
 *
 * @module
 */

/** Numbers along `x`, `y` and `z`. */
export type Extent = readonly [x: number, y: number, z: number];

/** Some of the workgroups of a dispatch. */
export interface Part {
  /** The first workgroup. */
  readonly first: Extent;
  /** Numbers of workgroups. */
  readonly workgroups: Extent;
}

/** Size in bytes of the uniform that holds the first workgroup of a part. */
export const firstBytes = 16;

/** Returns the number of workgroups of a dispatch. */
export function countOf([x, y, z]: Extent): number {
  return x * y * z;
}

/**
 * Returns WGSL that computes a part of a kernel's workgroups: `@group(1) @binding(0)` is a uniform with the
 * first workgroup, which is added to the ids that the kernel reads. Throws TypeError for a kernel that reads
 * the number of workgroups, because a part would see its own.
 */
export function splittable(code: string): string {
  const size = /@workgroup_size\(([^)]*)\)/.exec(code)?.[1].split(",").map(Number);
  if (size === undefined || code.includes("num_workgroups")) {
    throw new TypeError(`Cannot split a kernel that reads the number of workgroups:\n${code}`);
  }
  const invocations = `vec3u(${[0, 1, 2].map((axis) => `${size[axis] ?? 1}u`).join(", ")})`;
  const added: string[] = [];
  const declared = code.replaceAll(
    /@builtin\((workgroup_id|global_invocation_id)\) (\w+)/g,
    (_, builtin, name) => {
      const before = builtin === "workgroup_id" ? "firstWorkgroup" : `firstWorkgroup * ${invocations}`;
      added.push(`  let ${name} = ${name}InPart + ${before};`);
      return `@builtin(${builtin}) ${name}InPart`;
    },
  );
  const main = declared.replace(/fn main\([^{]*\{/, (head) => `${head}\n${added.join("\n")}`);
  // The declaration is last, because directives such as `enable f16;` must be first.
  return `${main}\n@group(1) @binding(0) var<uniform> firstWorkgroup: vec3u;\n`;
}

/**
 * Returns parts of at most `most` workgroups that together are a dispatch of `workgroups`; one part if they
 * are no more. Parts are whole layers along `z` if these are small enough, otherwise whole rows along `x`, or
 * pieces of rows.
 */
export function partsOf(workgroups: Extent, most: number): readonly Part[] {
  const [x, y, z] = workgroups, largest = Math.max(1, Math.floor(most));
  if (countOf(workgroups) <= largest) return [{ first: [0, 0, 0], workgroups }];
  if (x * y <= largest) {
    return pieces(z, Math.floor(largest / (x * y))).map(([from, count]) => ({
      first: [0, 0, from],
      workgroups: [x, y, count],
    }));
  }
  const layer = x <= largest
    ? pieces(y, Math.floor(largest / x)).map(([from, count]): Part => ({
      first: [0, from, 0],
      workgroups: [x, count, 1],
    }))
    : pieces(y, 1).flatMap(([row]) =>
      pieces(x, largest).map(([from, count]): Part => ({ first: [from, row, 0], workgroups: [count, 1, 1] }))
    );
  return pieces(z, 1).flatMap(([from]) =>
    layer.map(({ first: [x, y], workgroups }): Part => ({ first: [x, y, from], workgroups }))
  );
}

/**
 * Divides `count` things into as few pieces of at most `most` as possible, all of about the same length: the
 * start and length of each.
 */
function pieces(count: number, most: number): readonly (readonly [number, number])[] {
  const length = Math.ceil(count / Math.ceil(count / most));
  return Array.from(
    { length: Math.ceil(count / length) },
    (_, i) => [i * length, Math.min(length, count - i * length)] as const,
  );
}
