/**
 * Our solutions to the exercises of the lesson on micrograd.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import { value } from "../../../kernels/models/course/micrograd.ts";
import { claim } from "../claim.ts";
import { check, code, type Item, lines, live, say, table } from "../item.ts";
import { symmetricIsCloser } from "./micrograd_claims.ts";
import { softmaxOnEngine } from "./micrograd_tensors.ts";

const exercises = "micrograd exercises";
const at: readonly [number, number, number] = [2, 3, 4];
const gradient: readonly [number, number, number] = [-12.353553390593273, 10.25699027111255, .0625];

function f(a: number, b: number, c: number): number {
  return -(a ** 3) + Math.sin(3 * b) - 1 / c + b ** 2.5 - a ** .5;
}

/** E01: the partial derivatives as formulas. */
export function* gradientByFormula(): Generator<Item> {
  const [a, b, c] = at;
  yield lines([
    "df/da = -3 a^2 - 0.5 / sqrt(a)",
    "df/db = 3 cos(3 b) + 2.5 b^1.5",
    "df/dc = 1 / c^2",
  ]);
  yield check({ name: "f", ours: f(...at), lecture: 6.336362190988558, within: 1e-12, source: exercises });
  const ours = [-3 * a ** 2 - .5 / Math.sqrt(a), 3 * Math.cos(3 * b) + 2.5 * b ** 1.5, 1 / c ** 2];
  yield* gradientChecks(ours, 1e-12);
}

/** E02: the gradient estimated from two points that are `h` apart. */
export function* gradientByDifference(): Generator<Item> {
  const h = 1e-6;
  yield lines("(f(x + h) - f(x)) / h, h = 1e-6");
  yield* gradientChecks(forwardDifference(h), 1e-5);
  yield say(
    "The error is about h times half the second derivative, so a smaller h makes it smaller. If h is too small, rounding takes over: the difference of two nearly equal numbers keeps only a few correct digits.",
  );
  yield live("derivative");
}

/** E03: the gradient estimated from the points at distance `h` below and above. */
export function* gradientBySymmetricDifference(): Generator<Item> {
  const h = 1e-6;
  yield lines("(f(x + h) - f(x - h)) / 2h, h = 1e-6");
  const symmetric = [0, 1, 2].map((i) => (f(...moved(i, h)) - f(...moved(i, -h))) / (2 * h));
  yield* gradientChecks(symmetric, 1e-8);
  const error = (found: readonly number[]): number =>
    Math.max(...found.map((slope, i) => Math.abs(slope - gradient[i])));
  yield claim(symmetricIsCloser, { value: error(symmetric), other: error(forwardDifference(h)) });
}

function forwardDifference(h: number): number[] {
  return [0, 1, 2].map((i) => (f(...moved(i, h)) - f(...at)) / h);
}

function moved(i: number, by: number): [number, number, number] {
  const [a, b, c] = at.map((x, j) => j === i ? x + by : x);
  return [a, b, c];
}

function* gradientChecks(ours: readonly number[], within: number): Generator<Item> {
  for (const [i, name] of ["df/da", "df/db", "df/dc"].entries()) {
    yield check({ name, ours: ours[i], lecture: gradient[i], within, source: exercises });
  }
}

/** E04: softmax and negative log-likelihood, built from the operations of `Value`. */
export async function* softmaxLoss(openEngine: () => Promise<Engine>): AsyncGenerator<Item> {
  yield code("pipelines/lesson/micrograd/micrograd_solutions.ts", "loss of a softmax");
  // #region loss of a softmax
  const logits = [0, 3, -2, 1].map((x, i) => value(x, `logit ${i}`)), label = 3;
  const counts = logits.map((logit) => logit.exp());
  const loss = counts[label].div(counts.reduce((sum, count) => sum.add(count))).log().neg();
  loss.backward();
  // #endregion
  yield check({
    name: "loss",
    ours: loss.data,
    lecture: 2.1755153626167147,
    within: 1e-12,
    source: exercises,
  });
  const expected = [.041772570515350445, .8390245074625319, .005653302662216329, -.8864503806400986];
  for (const [i, lecture] of expected.entries()) {
    yield check({
      name: `d loss / d logit ${i}`,
      ours: logits[i].grad,
      lecture,
      within: 1e-12,
      source: exercises,
    });
  }
  const kernels = await softmaxOnEngine(logits.map(({ data }) => data), {
    label,
    engine: await openEngine(),
  });
  yield say("The kernels of this project have a softmax loss of their own. In float32 they give:");
  yield table(["", "Value", "kernels"], [
    ["loss", loss.data, kernels.loss],
    ...logits.map(({ label, grad }, i) => [label, grad, kernels.gradient[i]]),
  ]);
}
