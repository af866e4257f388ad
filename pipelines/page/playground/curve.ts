/**
 * A curve of bounded size: when it is full, neighbours are replaced by their mean.
 *
 * @module
 */

const mostPoints = 2048; // more than a curve has pixels

/** A curve of values by step. */
export class Curve {
  readonly #x: number[] = [];
  readonly #y: number[] = [];
  /** Number of values that one point stands for. */
  #stride = 1;
  #sum = { x: 0, y: 0, count: 0 };

  /** Adds a value; steps come in order. */
  add(x: number, y: number): void {
    this.#sum = { x: this.#sum.x + x, y: this.#sum.y + y, count: this.#sum.count + 1 };
    if (this.#sum.count < this.#stride) return;
    this.#x.push(this.#sum.x / this.#stride);
    this.#y.push(this.#sum.y / this.#stride);
    this.#sum = { x: 0, y: 0, count: 0 };
    if (this.#x.length >= mostPoints) this.#halve();
  }

  /** Steps of the points. */
  get x(): readonly number[] {
    return this.#x;
  }

  /** Values of the points. */
  get y(): readonly number[] {
    return this.#y;
  }

  #halve(): void {
    const half = this.#x.length / 2;
    for (let i = 0; i < half; i++) {
      this.#x[i] = (this.#x[2 * i] + this.#x[2 * i + 1]) / 2;
      this.#y[i] = (this.#y[2 * i] + this.#y[2 * i + 1]) / 2;
    }
    this.#x.length = this.#y.length = half;
    this.#stride *= 2;
  }
}
