/**
 * All that is needed to talk to a small model besides its parameters: this file imports nothing.
 *
 *     deno run --allow-read run.ts parameters.bin "Who are you?"
 *
 * The parameters' file begins with six 32-bit integers: layers, heads, channels, sequence length, vocabulary
 * size and number of characters. The characters follow as one byte each, filled up to a multiple of four, and
 * then all parameters as 32-bit floats in the order in which `readModel` takes them. All numbers are little
 * endian.
 *
 * @module
 */

/** One block of the model. Matrices are [in, out]. */
interface Block {
  readonly norm1: readonly [gain: Float32Array, bias: Float32Array];
  readonly attend: readonly [weight: Float32Array, bias: Float32Array];
  readonly project: readonly [weight: Float32Array, bias: Float32Array];
  readonly norm2: readonly [gain: Float32Array, bias: Float32Array];
  readonly widen: readonly [weight: Float32Array, bias: Float32Array];
  readonly narrow: readonly [weight: Float32Array, bias: Float32Array];
}

/** A model, as it is read from its file. */
export interface TwoFileModel {
  readonly heads: number;
  readonly channels: number;
  readonly seqLen: number;
  readonly characters: string;
  readonly embedding: Float32Array;
  readonly positions: Float32Array;
  readonly blocks: readonly Block[];
  readonly norm: readonly [gain: Float32Array, bias: Float32Array];
}

/** Number of integers at the beginning of the file. */
const HEADER = 6;

/** Reads the file of the parameters. Throws RangeError for a file of another size than its header says. */
export function readModel(file: Uint8Array): TwoFileModel {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 4 * HEADER) {
    throw new RangeError(`The file has ${file.length} bytes: its header is missing`);
  }
  const [layers, heads, channels, seqLen, vocabSize, count] = Array.from(
    { length: HEADER },
    (_, i) => view.getInt32(4 * i, true),
  );
  const c = channels, block = 12 * c * c + 13 * c;
  const textBytes = 4 * Math.ceil(count / 4), floats = (vocabSize + seqLen + 2) * c + layers * block;
  const size = 4 * HEADER + textBytes + 4 * floats;
  if (file.length !== size) throw new RangeError(`The file has ${file.length} bytes instead of ${size}`);
  let at = 4 * HEADER + textBytes;
  const take = (n: number): Float32Array => {
    const values = Float32Array.from({ length: n }, (_, i) => view.getFloat32(at + 4 * i, true));
    at += 4 * n;
    return values;
  };
  const pair = (weight: number, bias: number) => [take(weight), take(bias)] as const;
  return {
    heads,
    channels,
    seqLen,
    characters: String.fromCharCode(...file.subarray(4 * HEADER, 4 * HEADER + count)),
    embedding: take(vocabSize * c),
    positions: take(seqLen * c),
    blocks: Array.from({ length: layers }, () => ({
      norm1: pair(c, c),
      attend: pair(3 * c * c, 3 * c),
      project: pair(c * c, c),
      norm2: pair(c, c),
      widen: pair(4 * c * c, 4 * c),
      narrow: pair(4 * c * c, c),
    })),
    norm: pair(c, c),
  };
}

/** Returns the function that reads one token after another, and says how likely each next token is. */
export function reader(model: TwoFileModel): (id: number) => Float32Array {
  const { blocks, channels: c, heads } = model, width = c / heads;
  const cache: Float32Array[][] = blocks.map(() => []); // keys and values of all tokens so far
  let position = 0;
  return (id) => {
    let x = model.embedding.slice(id * c, (id + 1) * c);
    x = x.map((value, i) => value + model.positions[position * c + i]);
    blocks.forEach((block, layer) => {
      const qkv = linear(normal(x, block.norm1), block.attend), seen = cache[layer];
      seen.push(qkv);
      const mixed = new Float32Array(c);
      for (let head = 0; head < heads; head++) {
        const from = head * width;
        const scores = seen.map((other) => {
          let sum = 0;
          for (let i = 0; i < width; i++) sum += qkv[from + i] * other[c + from + i];
          return sum / Math.sqrt(width);
        });
        softmax(scores).forEach((weight, t) => {
          for (let i = 0; i < width; i++) mixed[from + i] += weight * seen[t][2 * c + from + i];
        });
      }
      x = plus(x, linear(mixed, block.project));
      x = plus(x, linear(linear(normal(x, block.norm2), block.widen).map(gelu), block.narrow));
    });
    position++;
    const last = normal(x, model.norm);
    return Float32Array.from({ length: model.embedding.length / c }, (_, token) => {
      let sum = 0;
      for (let i = 0; i < c; i++) sum += last[i] * model.embedding[token * c + i];
      return sum;
    });
  };
}

/** Returns the model's answer to a question, with the likeliest tokens. */
export function answer(model: TwoFileModel, question: string): string {
  const { characters, seqLen } = model, special = characters.length; // bos, user, its end, assistant, its end
  const prompt = [...question].map((character) => characters.indexOf(character));
  const ids = [special, special + 1, ...prompt.filter((id) => id >= 0), special + 2, special + 3];
  const next = reader(model);
  let logits = new Float32Array(), text = "";
  for (const id of ids.slice(0, seqLen)) logits = Float32Array.from(next(id));
  for (let length = ids.length; length < seqLen; length++) {
    const id = logits.indexOf(Math.max(...logits));
    if (id >= special) break;
    text += characters[id];
    logits = Float32Array.from(next(id));
  }
  return text;
}

function linear(x: Float32Array, [weight, bias]: readonly [Float32Array, Float32Array]): Float32Array {
  const out = Float64Array.from(bias), n = bias.length;
  for (let i = 0; i < x.length; i++) for (let j = 0; j < n; j++) out[j] += x[i] * weight[i * n + j];
  return Float32Array.from(out);
}

function normal(x: Float32Array, [gain, bias]: readonly [Float32Array, Float32Array]): Float32Array {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value, i) => (value - mean) / Math.sqrt(variance + 1e-5) * gain[i] + bias[i]);
}

function softmax(scores: readonly number[]): readonly number[] {
  const most = Math.max(...scores), powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function gelu(x: number): number {
  return x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + .044715 * x ** 3)));
}

function plus(a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(a, (value, i) => value + b[i]);
}

if (import.meta.main) {
  const [path, question] = Deno.args;
  console.log(answer(readModel(await Deno.readFile(path)), question));
}
