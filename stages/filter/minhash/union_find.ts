/**
 * Clusters of documents by union-find. Source: Galler and Fischer 1964; which root is kept, as in datatrove.
 *
 * @module
 */
import type { RecipeGeneration } from "../recipe.ts";

/** Documents 0 … count-1, each at first a cluster of its own; 8 bytes a document. */
export class Clusters {
  readonly #parents: Uint32Array;
  readonly #sizes: Uint32Array;
  readonly #bySize: boolean;

  /**
   * `current`: the root of the greater cluster stays root, of equal ones the first's; `release`: always the first's.
   */
  constructor(count: number, recipe: RecipeGeneration) {
    this.#parents = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.#parents[i] = i;
    this.#sizes = new Uint32Array(count).fill(1);
    this.#bySize = recipe === "current";
  }

  /** The document that stands for the cluster of `document`: the one to keep. */
  root(document: number): number {
    const parents = this.#parents;
    while (parents[document] !== document) {
      parents[document] = parents[parents[document]]; // halves the path; roots stay what they are
      document = parents[document];
    }
    return document;
  }

  /** Makes one cluster of those of both. */
  join(first: number, second: number): void {
    let [a, b] = [this.root(first), this.root(second)];
    if (a === b) return;
    if (this.#bySize && this.#sizes[a] < this.#sizes[b]) [a, b] = [b, a];
    this.#parents[b] = a;
    this.#sizes[a] += this.#sizes[b];
  }
}
