/**
 * Labelled points in a plane: two interleaved half moons as in scikit-learn, or a student's own points.
 *
 * @module
 */
import { NumpyRandom } from "../../../kernels/random/numpy_random.ts";
import { readUnpacked } from "../../../stages/format/packed/packed_file.ts";
import type { DataKind, LessonData } from "../data.ts";

/** A point and its class. */
export interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly label: -1 | 1;
}

/** Points to separate. */
export interface Points extends LessonData {
  /** Points from the student's file; null for two moons, drawn with the run's seed. */
  readonly points: readonly LabelledPoint[] | null;
}

/** Data in lines of the form "x y label". The label is 0 or -1 for one class and 1 for the other. */
export const points: DataKind<Points> = {
  name: "points",
  about: "file of points, one per line: x y label, with label 0 or 1; default: the lecture's two moons",
  async open(source) {
    if (source === null) {
      return { points: null, name: "two moons of 100 points, drawn from the seed", isLectureData: true };
    }
    const text = await new Response(ReadableStream.from(readUnpacked(source))).text();
    const points = text.split("\n").flatMap((line, i) =>
      line.trim() === "" ? [] : [pointOf(line, { source, number: i + 1 })]
    );
    if (new Set(points.map(({ label }) => label)).size < 2) {
      throw new RangeError(
        `Cannot learn from ${source}: its ${points.length} points are all of one class: give points of both`,
      );
    }
    return { points, name: `${points.length} points of ${source}`, isLectureData: false };
  },
};

function pointOf(line: string, { source, number }: { source: string; number: number }): LabelledPoint {
  const [x, y, label, ...rest] = line.trim().split(/[\s,;]+/).map(Number);
  if (rest.length > 0 || !Number.isFinite(x) || !Number.isFinite(y) || ![-1, 0, 1].includes(label)) {
    throw new RangeError(
      `Cannot read line ${number} of ${source}: expected "x y label" with a label of 0 or 1, got "${line.trim()}"`,
    );
  }
  return { x, y, label: label === 1 ? 1 : -1 };
}

/**
 * Returns the points of `sklearn.datasets.make_moons(count, noise=noise)` after `np.random.seed(seed)`, with
 * labels -1 and 1 instead of 0 and 1. Source: scikit-learn, datasets/_samples_generator.py.
 */
export function twoMoons(
  count: number,
  { noise, seed }: { readonly noise: number; readonly seed: number },
): LabelledPoint[] {
  const random = new NumpyRandom(seed);
  const outer = Math.floor(count / 2), inner = count - outer;
  // Angles from 0 to π, rounded as by np.linspace.
  const arc = (i: number, count: number): number => i === count - 1 ? Math.PI : i * (Math.PI / (count - 1));
  const clean: LabelledPoint[] = [
    ...Array.from({ length: outer }, (_, i) => ({
      x: Math.cos(arc(i, outer)),
      y: Math.sin(arc(i, outer)),
      label: -1 as const,
    })),
    ...Array.from({ length: inner }, (_, i) => ({
      x: 1 - Math.cos(arc(i, inner)),
      y: 1 - Math.sin(arc(i, inner)) - .5,
      label: 1 as const,
    })),
  ];
  return random.shuffle(clean).map(({ x, y, label }) => {
    const dx = random.normal(0, noise), dy = random.normal(0, noise);
    return { x: x + dx, y: y + dy, label };
  });
}

/**
 * Returns the largest fraction of points that a straight line has on their correct side, among lines in 360
 * directions at every distance.
 */
export function bestLine(points: readonly LabelledPoint[]): number {
  let best = 0;
  for (let degree = 0; degree < 360; degree++) {
    const angle = degree * Math.PI / 180, along = [Math.cos(angle), Math.sin(angle)];
    const sorted = points.map(({ x, y, label }) => ({ at: x * along[0] + y * along[1], label }))
      .sort((a, b) => a.at - b.at);
    let correct = sorted.filter(({ label }) => label > 0).length; // the line is before all points
    sorted.forEach(({ at, label }, i) => {
      correct -= label;
      if (sorted[i + 1]?.at !== at) best = Math.max(best, correct);
    });
  }
  return best / points.length;
}
