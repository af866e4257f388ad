/**
 * The figures of lessons that the playground shows live. Lessons link to them.
 *
 * @module
 */

/** A figure of a lesson. */
export interface LiveFigureFacts {
  /** Its heading in the playground. */
  readonly title: string;
  /** What a person does there, as the end of a sentence that begins with "Live:". */
  readonly does: string;
  /** The lesson that it belongs to, as it is typed. */
  readonly lesson: string;
}

/** A live figure's name, by which an address of the playground ends: "#learning-rate". */
export type LiveFigure = "derivative" | "learning-rate" | "context";

/** All live figures, in the order of the lessons. */
export const liveFigures: Readonly<Record<LiveFigure, LiveFigureFacts>> = {
  derivative: {
    title: "The derivative's h",
    does: "move x and h, and see the slope come near the derivative until rounding spoils it",
    lesson: "micrograd",
  },
  "learning-rate": {
    title: "The learning rate",
    does: "move the learning rate, and a small net trains with it",
    lesson: "makemore-mlp",
  },
  context: {
    title: "The context",
    does: "choose how many letters a small model sees, and read the names that it makes up",
    lesson: "makemore-wavenet",
  },
};
