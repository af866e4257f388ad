/**
 * llama2.c's forward pass in float64, written from the description of its files, and files made by it alone:
 * neither uses the project's reader and writer.
 *
 * @module
 */

/** The seven numbers of a header. */
export interface Sizes {
  readonly dim: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyHeads: number;
  /** Negative in version 0 if the classifier has weights of its own. */
  readonly vocabulary: number;
  readonly length: number;
}

/** Kinds of tensors with their shapes per layer; those after `final` are single. */
function kinds(
  { dim, hidden, heads, keyHeads, vocabulary }: Sizes,
): Readonly<Record<string, readonly number[]>> {
  const keys = dim / heads * keyHeads, tokens = Math.abs(vocabulary);
  return {
    attention: [dim],
    ffn: [dim],
    final: [dim],
    embedding: [tokens, dim],
    wq: [dim, dim],
    wk: [keys, dim],
    wv: [keys, dim],
    wo: [dim, dim],
    w1: [hidden, dim],
    w2: [dim, hidden],
    w3: [hidden, dim],
    classifier: [tokens, dim],
  };
}

const single = new Set(["final", "embedding", "classifier"]);
const orders = {
  0: [
    "embedding",
    "attention",
    "wq",
    "wk",
    "wv",
    "wo",
    "ffn",
    "w1",
    "w2",
    "w3",
    "final",
    "tables",
    "classifier",
  ],
  1: ["attention", "ffn", "final", "embedding", "wq", "wk", "wv", "wo", "w1", "w2", "w3", "classifier"],
  2: ["attention", "ffn", "final", "embedding", "wq", "wk", "wv", "wo", "w1", "w2", "w3", "classifier"],
} as const;

/** Returns a file of a version, with values that depend on their kind and place. */
export function fileOf(sizes: Sizes, version: 0 | 1 | 2): Uint8Array<ArrayBuffer> {
  const { dim, hidden, layers, heads, keyHeads, vocabulary, length } = sizes, isShared = vocabulary > 0;
  const numbers = [
    dim,
    hidden,
    layers,
    heads,
    keyHeads,
    version === 0 ? vocabulary : Math.abs(vocabulary),
    length,
  ];
  const parts: Uint8Array[] = [], group = dim % 64 === 0 ? 64 : 32;
  const header = new DataView(new ArrayBuffer(version === 0 ? 28 : 256));
  numbers.forEach((n, i) => header.setInt32((version === 0 ? 0 : 8) + 4 * i, n, true));
  if (version > 0) {
    [..."24ka"].forEach((letter, i) => header.setUint8(i, letter.charCodeAt(0)));
    header.setInt32(4, version, true);
    header.setUint8(36, isShared ? 1 : 0);
    if (version === 2) header.setInt32(37, group, true);
  }
  parts.push(new Uint8Array(header.buffer));
  for (const kind of orders[version]) {
    if (kind === "classifier" && isShared) continue;
    const shape = kind === "tables" ? [length, dim / heads] : kinds(sizes)[kind];
    const count = shape.reduce((a, b) => a * b, 1);
    for (let layer = 0; layer < (single.has(kind) || kind === "tables" ? 1 : layers); layer++) {
      const values = valuesOf(kind, layer, count);
      if (version < 2 || shape.length === 1) parts.push(new Uint8Array(values.buffer));
      else {
        const numbers = new Int8Array(count), scales = new Float32Array(count / group);
        for (let i = 0; i < count; i++) {
          scales[Math.floor(i / group)] = 0.001 + Math.floor(i / group) % 5 / 1000;
          numbers[i] = Math.round(values[i] * 300) % 128;
        }
        parts.push(new Uint8Array(numbers.buffer), new Uint8Array(scales.buffer));
      }
    }
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function valuesOf(kind: string, layer: number, count: number): Float32Array<ArrayBuffer> {
  const key = [...kind].reduce((sum, letter) => 7 * sum + letter.charCodeAt(0), 13 * layer);
  const isNorm = kind === "attention" || kind === "ffn" || kind === "final";
  return Float32Array.from(
    { length: count },
    (_, i) => (isNorm ? 1 : 0) + Math.sin(key % 1000 + i * i * 0.37) / 4,
  );
}

/** Returns the logits of the last of some tokens, from a file's bytes. */
export function logitsOf(bytes: Uint8Array<ArrayBuffer>, tokens: readonly number[]): readonly number[] {
  const view = new DataView(bytes.buffer), hasMagic = view.getUint32(0, true) === 0x616B3432;
  const version = (hasMagic ? view.getInt32(4, true) : 0) as 0 | 1 | 2, first = hasMagic ? 8 : 0;
  const [dim, hidden, layers, heads, keyHeads, vocabulary, length] = Array.from(
    { length: 7 },
    (_, i) => view.getInt32(first + 4 * i, true),
  );
  const isShared = hasMagic ? view.getUint8(36) === 1 : vocabulary > 0;
  const sizes = { dim, hidden, layers, heads, keyHeads, vocabulary, length }, width = dim / heads;
  const weights = new Map<string, readonly number[]>();
  let at = hasMagic ? 256 : 28;
  for (const kind of orders[version]) {
    if (kind === "classifier" && isShared) continue;
    const shape = kind === "tables" ? [length, width] : kinds(sizes)[kind],
      count = shape.reduce((a, b) => a * b, 1);
    for (let layer = 0; layer < (single.has(kind) || kind === "tables" ? 1 : layers); layer++) {
      const group = version === 2 && shape.length > 1 ? view.getInt32(37, true) : 0;
      weights.set(
        single.has(kind) ? kind : `${kind} ${layer}`,
        Array.from(
          { length: count },
          (_, i) =>
            group === 0
              ? view.getFloat32(at + 4 * i, true)
              : view.getInt8(at + i) * view.getFloat32(at + count + 4 * Math.floor(i / group), true),
        ),
      );
      at += group === 0 ? 4 * count : count + 4 * count / group;
    }
  }
  const weight = (name: string) => weights.get(name) ?? [];
  const product = (matrix: readonly number[], x: readonly number[]) =>
    Array.from(
      { length: matrix.length / x.length },
      (_, row) => x.reduce((sum, value, i) => sum + value * matrix[row * x.length + i], 0),
    );
  const norm = (x: readonly number[], gain: readonly number[]) => {
    const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + 1e-5);
    return x.map((value, i) => value * scale * gain[i]);
  };
  /** Turns neighbours as run.c does: the frequency follows from the place in the head. */
  const turned = (x: readonly number[], position: number) =>
    x.map((value, i) => {
      const angle = position / 10_000 ** ((i % width - i % 2) / width),
        other = x[i % 2 === 0 ? i + 1 : i - 1];
      return value * Math.cos(angle) + (i % 2 === 0 ? -1 : 1) * other * Math.sin(angle);
    });
  const keys: (readonly number[])[][] = [], values: (readonly number[])[][] = [];
  let x: readonly number[] = [];
  for (const [position, token] of tokens.entries()) {
    x = weight("embedding").slice(token * dim, (token + 1) * dim);
    for (let layer = 0; layer < layers; layer++) {
      const normed = norm(x, weight(`attention ${layer}`));
      const query = turned(product(weight(`wq ${layer}`), normed), position);
      (keys[layer] ??= []).push(turned(product(weight(`wk ${layer}`), normed), position));
      (values[layer] ??= []).push(product(weight(`wv ${layer}`), normed));
      const mixed = Array.from({ length: dim }, () => 0);
      for (let head = 0; head < heads; head++) {
        const from = Math.floor(head / (heads / keyHeads)) * width;
        const scores = keys[layer].map((key) => {
          let sum = 0;
          for (let i = 0; i < width; i++) sum += query[head * width + i] * key[from + i];
          return Math.exp(sum / Math.sqrt(width));
        });
        const total = scores.reduce((a, b) => a + b, 0);
        scores.forEach((score, t) => {
          for (let i = 0; i < width; i++) {
            mixed[head * width + i] += score / total * values[layer][t][from + i];
          }
        });
      }
      const attended = product(weight(`wo ${layer}`), mixed);
      x = x.map((value, i) => value + attended[i]);
      const second = norm(x, weight(`ffn ${layer}`)), up = product(weight(`w3 ${layer}`), second);
      const gated = product(weight(`w1 ${layer}`), second).map((g, i) => g / (1 + Math.exp(-g)) * up[i]);
      const narrowed = product(weight(`w2 ${layer}`), gated);
      x = x.map((value, i) => value + narrowed[i]);
    }
  }
  return product(weight(isShared ? "embedding" : "classifier"), norm(x, weight("final")));
}
