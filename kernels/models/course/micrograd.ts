/**
 * micrograd: a scalar that records how it was computed, so that `backward` can compute its derivative with
 * respect to every value that went into it. This file imports nothing; core/gradients.ts does the same for
 * whole tensors.
 *
 * Source: Karpathy, micrograd's engine.py and nn.py, with the lecture's additions (label, tanh, exp), and
 * log.
 *
 * @module
 */

/** A number, and the derivative of a result with respect to this number. */
export class Value {
  /**
   * `d(result) / d(this)`. In a leaf, summed over all calls of `backward` since it was last set to 0; in a
   * computed value, that of the latest call.
   */
  grad = 0;
  /** Name in drawings of the graph. */
  label = "";
  #seen = 0; // number of the latest traversal to visit this value: cheaper than a set of visited values

  /**
   * `operands` are the (at most two) values that this value was computed from. `slopes` are its derivatives
   * with respect to them; the chain rule needs no more. `op` is the name of the operation in drawings, "" for
   * a leaf.
   */
  constructor(
    public data: number,
    readonly operands: readonly Value[] = [],
    readonly slopes: readonly number[] = [],
    readonly op: string = "",
  ) {}

  /** The sum. */
  add(other: Value | number): Value {
    const b = value(other);
    return new Value(this.data + b.data, [this, b], [1, 1], "+");
  }

  /** The product. */
  mul(other: Value | number): Value {
    const b = value(other);
    return new Value(this.data * b.data, [this, b], [b.data, this.data], "*");
  }

  /**
   * Raises this value to the power of a number. Throws TypeError for a Value as exponent: its derivative
   * would need a logarithm.
   */
  pow(exponent: number): Value {
    if (typeof exponent !== "number") {
      throw new TypeError(
        "Cannot raise to a power that is a Value: give a number, or compute exp(b * log(a))",
      );
    }
    // 0 ** 0 is the constant 1, but the formula would multiply 0 by an infinite 0 ** -1.
    const slope = exponent === 0 ? 0 : exponent * this.data ** (exponent - 1);
    return new Value(this.data ** exponent, [this], [slope], `**${exponent}`);
  }

  /** Returns the negative, as a product with -1. */
  neg(): Value {
    return this.mul(-1);
  }

  /** The difference. */
  sub(other: Value | number): Value {
    return this.add(value(other).neg());
  }

  /** Returns the quotient, as a product with the other value to the power of -1. */
  div(other: Value | number): Value {
    return this.mul(value(other).pow(-1));
  }

  /** Replaces numbers below 0 by 0; the derivative at 0 is 0. */
  relu(): Value {
    return new Value(this.data < 0 ? 0 : this.data, [this], [this.data > 0 ? 1 : 0], "ReLU");
  }

  /** The hyperbolic tangent. */
  tanh(): Value {
    const t = Math.tanh(this.data);
    return new Value(t, [this], [1 - t * t], "tanh");
  }

  /** Returns `e` to the power of this value. */
  exp(): Value {
    const e = Math.exp(this.data);
    return new Value(e, [this], [e], "exp");
  }

  /** The natural logarithm. */
  log(): Value {
    return new Value(Math.log(this.data), [this], [1 / this.data], "log");
  }

  /**
   * Computes `d(this) / d(v)` for every value `v` that this was computed from. It visits the values of
   * `order()` in reverse, so that a value has received the gradients of all its uses before it passes them
   * on.
   *
   * As in PyTorch, leaves accumulate: a second call, or a call in another graph with the same leaf, adds to
   * the leaf's `grad` unless it is set to 0 first, as `zeroGrad` does. Computed values start at 0 in each
   * call, because a gradient left by an earlier call would be passed on a second time.
   */
  backward(): void {
    const order = this.order();
    for (const each of order) if (each.operands.length > 0) each.grad = 0;
    this.grad += 1;
    for (let i = order.length - 1; i >= 0; i--) {
      const { operands, slopes, grad } = order[i];
      for (let k = 0; k < operands.length; k++) operands[k].grad += slopes[k] * grad;
    }
  }

  /**
   * Returns all values that this was computed from, and itself, in topological order: each after its
   * operands.
   */
  order(): Value[] {
    const traversal = ++traversals, order: Value[] = [];
    // An explicit stack instead of recursion: a long sum would exceed the call stack.
    const path: Value[] = [this], next = [0];
    this.#seen = traversal;
    while (path.length > 0) {
      const at = path.length - 1, { operands } = path[at];
      if (next[at] === operands.length) {
        order.push(path[at]);
        path.pop();
        next.pop();
      } else {
        const child = operands[next[at]++];
        if (child.#seen === traversal) continue;
        child.#seen = traversal;
        path.push(child);
        next.push(0);
      }
    }
    return order;
  }

  /** Returns a description such as "Value(data=2, grad=0)". */
  toString(): string {
    return `Value(data=${this.data}, grad=${this.grad})`;
  }
}

/**
 * Returns a Value from a number, so that an expression can start with one: `value(10).div(f)`. A Value is
 * returned as it is.
 */
export function value(data: number | Value, label = ""): Value {
  if (data instanceof Value) return data;
  const made = new Value(data);
  made.label = label;
  return made;
}

/**
 * Returns the graph of a value, for a drawing: all values that it was computed from, and an edge from each
 * operand to its result.
 */
export function trace(root: Value): {
  readonly nodes: readonly Value[];
  readonly edges: readonly (readonly [from: Value, to: Value])[];
} {
  const nodes = root.order();
  return {
    nodes,
    edges: nodes.flatMap((to) => [...new Set(to.operands)].map((from) => [from, to] as const)),
  };
}

/** A source of uniform random numbers, such as PythonRandom. */
export interface UniformSource {
  uniform(low: number, high: number): number;
}

/** Function that a neuron applies to its weighted sum. */
export type Activation = "relu" | "tanh" | "linear";

/** Options of neurons. micrograd uses ReLU with biases of 0; the lecture uses tanh with random biases. */
export interface NeuronOptions {
  readonly random: UniformSource;
  /** Activation; default "relu". */
  readonly activation?: Activation;
  /** Whether the bias is random too, drawn after the weights; default false: the bias is 0. */
  readonly drawBias?: boolean;
}

/** A neuron: a weighted sum plus a bias, and an activation. */
export class Neuron {
  readonly weights: readonly Value[];
  readonly bias: Value;
  readonly activation: Activation;

  /** Makes a neuron of `inputs` weights, uniform in [-1, 1). */
  constructor(inputs: number, { random, activation = "relu", drawBias = false }: NeuronOptions) {
    this.weights = Array.from({ length: inputs }, () => new Value(random.uniform(-1, 1)));
    this.bias = new Value(drawBias ? random.uniform(-1, 1) : 0);
    this.activation = activation;
  }

  /** Computes its output. Throws RangeError if the number of inputs differs from the number of weights. */
  call(x: readonly (Value | number)[]): Value {
    if (x.length !== this.weights.length) {
      throw new RangeError(`Cannot call a neuron of ${this.weights.length} weights with ${x.length} inputs`);
    }
    let sum = this.bias;
    for (let i = 0; i < x.length; i++) sum = sum.add(this.weights[i].mul(x[i]));
    return this.activation === "linear" ? sum : sum[this.activation]();
  }

  /** Returns the weights, then the bias. */
  parameters(): Value[] {
    return [...this.weights, this.bias];
  }

  /** A description such as "ReLUNeuron(2)". */
  toString(): string {
    return `${
      { relu: "ReLU", tanh: "Tanh", linear: "Linear" }[this.activation]
    }Neuron(${this.weights.length})`;
  }
}

/** A layer: several neurons with the same inputs. */
export class Layer {
  readonly neurons: readonly Neuron[];

  /** Makes `outputs` neurons of `inputs` weights each. */
  constructor(inputs: number, outputs: number, options: NeuronOptions) {
    this.neurons = Array.from({ length: outputs }, () => new Neuron(inputs, options));
  }

  /** Computes the outputs of its neurons. */
  call(x: readonly (Value | number)[]): Value[] {
    return this.neurons.map((neuron) => neuron.call(x));
  }

  /** Returns the parameters of its neurons, in order. */
  parameters(): Value[] {
    return this.neurons.flatMap((neuron) => neuron.parameters());
  }

  /** Returns a description such as "Layer of [ReLUNeuron(2), ReLUNeuron(2)]". */
  toString(): string {
    return `Layer of [${this.neurons.join(", ")}]`;
  }
}

/** Options of an MLP. */
export interface MicrogradMlpOptions extends NeuronOptions {
  /** Activation of the last layer; default "linear". */
  readonly last?: Activation;
}

/** A multi-layer perceptron: layers applied one after another. */
export class MLP {
  readonly layers: readonly Layer[];

  /** Makes layers of the given sizes; the first takes `inputs` numbers. */
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

  /** Computes the outputs of the last layer. */
  call(x: readonly (Value | number)[]): Value[] {
    let out = x;
    for (const layer of this.layers) out = layer.call(out);
    return out.map((one) => value(one));
  }

  /** Returns all weights and biases, in the order in which they were drawn. */
  parameters(): Value[] {
    return this.layers.flatMap((layer) => layer.parameters());
  }

  /** Sets the `grad` of every parameter to 0, since `backward` adds to it. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = 0;
  }

  /** Returns a description such as "MLP of [Layer of […], …]". */
  toString(): string {
    return `MLP of [${this.layers.join(", ")}]`;
  }
}

// Each traversal has a number of its own, so that it need not clear the marks of earlier traversals.
let traversals = 0;
