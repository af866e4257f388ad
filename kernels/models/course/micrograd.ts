/**
 * micrograd: a scalar that remembers how it was made, and so can say how much every number before it matters. Alone: it
 * uses nothing of the rest, which does the same for whole tensors (core/gradients.ts).
 *
 * Source: Karpathy, micrograd: engine.py, nn.py; what the lecture adds (label, tanh, exp) and the usual rest.
 *
 * @module
 */

/** A number and the derivative of the last `backward()` with respect to it. */
export class Value {
  /** d(root of the last backward) / d(this), summed over all backwards since it was cleared. */
  grad = 0;
  /** Its name in drawings. */
  label = "";
  #seen = 0; // the last walk that came here: cheaper than a set of all that were seen

  /**
   * `of`: what it was computed from, at most two; `slopes`: d(this) / d(each), which the chain rule needs and nothing
   * else; `op`: how, for drawings ("" for a leaf).
   */
  constructor(
    public data: number,
    readonly of: readonly Value[] = [],
    readonly slopes: readonly number[] = [],
    readonly op: string = "",
  ) {}

  /** Sum. */
  add(other: Value | number): Value {
    const b = value(other);
    return new Value(this.data + b.data, [this, b], [1, 1], "+");
  }

  /** Product. */
  mul(other: Value | number): Value {
    const b = value(other);
    return new Value(this.data * b.data, [this, b], [b.data, this.data], "*");
  }

  /** This to a power that is a number. Throws TypeError for a Value: its derivative needs a logarithm; see `exp`. */
  pow(exponent: number): Value {
    if (typeof exponent !== "number") {
      throw new TypeError(
        "Cannot raise to a power that is a Value: give a number, or compute exp(b * log(a))",
      );
    }
    const slope = exponent * this.data ** (exponent - 1);
    return new Value(this.data ** exponent, [this], [slope], `**${exponent}`);
  }

  /** The negative: a product with -1. */
  neg(): Value {
    return this.mul(-1);
  }

  /** Difference. */
  sub(other: Value | number): Value {
    return this.add(value(other).neg());
  }

  /** Quotient: a product with the other to the power -1. */
  div(other: Value | number): Value {
    return this.mul(value(other).pow(-1));
  }

  /** 0 below 0; slope 0 at 0. */
  relu(): Value {
    return new Value(this.data < 0 ? 0 : this.data, [this], [this.data > 0 ? 1 : 0], "ReLU");
  }

  /** Hyperbolic tangent. */
  tanh(): Value {
    const t = Math.tanh(this.data);
    return new Value(t, [this], [1 - t * t], "tanh");
  }

  /** e to the power of this. */
  exp(): Value {
    const e = Math.exp(this.data);
    return new Value(e, [this], [e], "exp");
  }

  /** Natural logarithm. */
  log(): Value {
    return new Value(Math.log(this.data), [this], [1 / this.data], "log");
  }

  /**
   * Adds d(this) / d(v) to the `grad` of every v that this was computed from; its own becomes 1. Backwards through
   * `order`, so that a value passes on only what all its uses have given it. Leaves that live longer than one graph
   * keep what they had: clear it first, as `zeroGrad` does.
   */
  backward(): void {
    const order = this.order();
    this.grad = 1;
    for (let i = order.length - 1; i >= 0; i--) {
      const { of, slopes, grad } = order[i];
      for (let k = 0; k < of.length; k++) of[k].grad += slopes[k] * grad;
    }
  }

  /** All that this was computed from and itself, each after what it was computed from: a topological order. */
  order(): Value[] {
    const walk = ++walks, order: Value[] = [];
    const path: Value[] = [this], next = [0]; // by hand, for a long sum is deeper than calls may nest
    this.#seen = walk;
    while (path.length > 0) {
      const at = path.length - 1, { of } = path[at];
      if (next[at] === of.length) {
        order.push(path[at]);
        path.pop();
        next.pop();
      } else {
        const child = of[next[at]++];
        if (child.#seen === walk) continue;
        child.#seen = walk;
        path.push(child);
        next.push(0);
      }
    }
    return order;
  }

  /** "Value(data=2, grad=0)" */
  toString(): string {
    return `Value(data=${this.data}, grad=${this.grad})`;
  }
}

/** A number as a Value, to begin with one: `value(10).div(f)`. A Value stays what it is. */
export function value(data: number | Value, label = ""): Value {
  if (data instanceof Value) return data;
  const made = new Value(data);
  made.label = label;
  return made;
}

/** The values that one was computed from and itself, and which goes into which: what a drawing shows. */
export function trace(root: Value): {
  readonly nodes: readonly Value[];
  readonly edges: readonly (readonly [from: Value, to: Value])[];
} {
  const nodes = root.order();
  return { nodes, edges: nodes.flatMap((to) => [...new Set(to.of)].map((from) => [from, to] as const)) };
}

/** Where parameters are drawn from: PythonRandom is one. */
export interface UniformSource {
  uniform(low: number, high: number): number;
}

/** What a neuron does with its weighted sum. */
export type Activation = "relu" | "tanh" | "linear";

/** How neurons begin: micrograd's are ReLU with biases 0; the lecture's tanh with biases drawn like weights. */
export interface NeuronOptions {
  readonly random: UniformSource;
  /** Default "relu". */
  readonly activation?: Activation;
  /** Draw the bias too, after the weights (default: 0). */
  readonly drawBias?: boolean;
}

/** A weighted sum, a bias, an activation. */
export class Neuron {
  readonly weights: readonly Value[];
  readonly bias: Value;
  readonly activation: Activation;

  /** `inputs`: how many numbers it takes. Weights uniform in [-1, 1). */
  constructor(inputs: number, { random, activation = "relu", drawBias = false }: NeuronOptions) {
    this.weights = Array.from({ length: inputs }, () => new Value(random.uniform(-1, 1)));
    this.bias = new Value(drawBias ? random.uniform(-1, 1) : 0);
    this.activation = activation;
  }

  /** Its output. Throws RangeError for another number of inputs than it has weights. */
  call(x: readonly (Value | number)[]): Value {
    if (x.length !== this.weights.length) {
      throw new RangeError(`Cannot call a neuron of ${this.weights.length} weights with ${x.length} inputs`);
    }
    let sum = this.bias;
    for (let i = 0; i < x.length; i++) sum = sum.add(this.weights[i].mul(x[i]));
    return this.activation === "linear" ? sum : sum[this.activation]();
  }

  /** Weights, then the bias. */
  parameters(): Value[] {
    return [...this.weights, this.bias];
  }

  /** "ReLUNeuron(2)" */
  toString(): string {
    return `${
      { relu: "ReLU", tanh: "Tanh", linear: "Linear" }[this.activation]
    }Neuron(${this.weights.length})`;
  }
}

/** Neurons side by side. */
export class Layer {
  readonly neurons: readonly Neuron[];

  /** So many neurons, each of so many inputs. */
  constructor(inputs: number, outputs: number, options: NeuronOptions) {
    this.neurons = Array.from({ length: outputs }, () => new Neuron(inputs, options));
  }

  /** The outputs of its neurons. */
  call(x: readonly (Value | number)[]): Value[] {
    return this.neurons.map((neuron) => neuron.call(x));
  }

  /** Those of its neurons, in order. */
  parameters(): Value[] {
    return this.neurons.flatMap((neuron) => neuron.parameters());
  }

  /** "Layer of [ReLUNeuron(2), ReLUNeuron(2)]" */
  toString(): string {
    return `Layer of [${this.neurons.join(", ")}]`;
  }
}

/** How an MLP begins. */
export interface MicrogradMlpOptions extends NeuronOptions {
  /** Of the last layer (default "linear"). */
  readonly last?: Activation;
}

/** Layers one after another. */
export class MLP {
  readonly layers: readonly Layer[];

  /** `inputs` numbers in, then layers of these sizes. */
  constructor(
    inputs: number,
    sizes: readonly number[],
    { last = "linear", ...options }: MicrogradMlpOptions,
  ) {
    this.layers = sizes.map((size, i) =>
      new Layer(
        i === 0 ? inputs : sizes[i - 1],
        size,
        i === sizes.length - 1 ? { ...options, activation: last } : options,
      )
    );
  }

  /** The outputs of the last layer. */
  call(x: readonly (Value | number)[]): Value[] {
    let out = x;
    for (const layer of this.layers) out = layer.call(out);
    return out.map((one) => value(one));
  }

  /** All weights and biases, in the order in which they were drawn. */
  parameters(): Value[] {
    return this.layers.flatMap((layer) => layer.parameters());
  }

  /** Sets every parameter's `grad` to 0: `backward` only ever adds. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = 0;
  }

  /** "MLP of [Layer of […], …]" */
  toString(): string {
    return `MLP of [${this.layers.join(", ")}]`;
  }
}

let walks = 0; // each walk through a graph has its number, so that none has to clear what another has marked
