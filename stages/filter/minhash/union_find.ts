/**
 * Clusters of documents, as a union-find structure. Source: Galler and Fischer 1964; the choice of the root
 * follows datatrove.
 *
 * @module
 */
import type { RecipeGeneration } from "../recipe.ts";

/**
 * Clusters of documents 0 to `count - 1`; initially each document has its own cluster. Takes 8 bytes per
 * document.
 */
export class Clusters {
  readonly #parents: Uint32Array;
  readonly #sizes: Uint32Array;
  readonly #bySize: boolean;

  /**
   * Makes a cluster of each document. `recipe` determines which root is kept after a join: `current` keeps
   * the root of the larger cluster (of the first cluster if both have the same size), `release` always keeps
   * the root of the first cluster.
   */
  constructor(count: number, recipe: RecipeGeneration) {
    this.#parents = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.#parents[i] = i;
    this.#sizes = new Uint32Array(count).fill(1);
    this.#bySize = recipe === "current";
  }

  /** Returns the root of the cluster that contains `document`, which is the document to keep. */
  root(document: number): number {
    const parents = this.#parents;
    while (parents[document] !== document) {
      parents[document] = parents[parents[document]]; // path halving, which does not change roots
      document = parents[document];
    }
    return document;
  }

  /** Joins the clusters of two documents. */
  join(first: number, second: number): void {
    let [a, b] = [this.root(first), this.root(second)];
    if (a === b) return;
    if (this.#bySize && this.#sizes[a] < this.#sizes[b]) [a, b] = [b, a];
    this.#parents[b] = a;
    this.#sizes[a] += this.#sizes[b];
  }
}
