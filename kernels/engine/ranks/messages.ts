/**
 * What rank 0 tells the other ranks to do, and how it is sent.
 *
 * @module
 */
import type { Ranks, SumOrder } from "../../dist/ranks.ts";
import type { Shape, TensorMap } from "../../core/tensor.ts";
import { parse, type ProgramJson, stringify } from "./program_json.ts";

/** One thing to do. The data of tensors follow the message. */
export type Message =
  /** Open an engine and a session. */
  | Readonly<{ type: "open"; request: EngineRequest; programs: readonly ProgramJson[]; weights: TensorHeads }>
  /** Write tensors and run programs. */
  | Readonly<{ type: "run"; writes: readonly TensorHeads[]; programs: readonly string[] }>
  /** Add tensors over all ranks. */
  | Readonly<{ type: "sum"; labels: readonly string[]; order: SumOrder }>
  /** Send a tensor to rank 0. */
  | Readonly<{ type: "gather"; label: string }>
  /** Close the session. */
  | Readonly<{ type: "close" }>
  /** Nothing: rank 0 is alive. */
  | Readonly<{ type: "ping" }>
  /** End the process. */
  | Readonly<{ type: "end" }>;

/** The engine that all ranks open; the fields are those of `OpenEngineOptions`. */
export interface EngineRequest {
  readonly device: "webgpu" | "cpu";
  readonly blas?: string;
  readonly half?: boolean;
  /** Number of threads of each rank; default: the cores of its machine, divided by the ranks on it. */
  readonly threads?: number;
}

/** What is known of tensors before their data arrive. */
export type TensorHeads = readonly Readonly<{
  label: string;
  shape: Shape;
  type: DataType;
  /** Whether rank `r` takes the `r`-th part of the data. */
  dealt: boolean;
  /** Whether all elements are 0; then there are no data. */
  zeros: boolean;
}>[];

type Data = TensorMap[string]["data"];
type DataType = "Float32Array" | "Uint32Array" | "Uint16Array";

/** Sends a message from rank 0 to the others. */
export async function sendMessage(
  ranks: Ranks,
  message: Message,
  data: readonly TensorMap[] = [],
): Promise<void> {
  const text = new TextEncoder().encode(stringify(message));
  const bytes = new Uint8Array(Math.ceil(text.length / 4) * 4).fill(0x20); // JSON may end with spaces
  bytes.set(text);
  await ranks.broadcast(Uint32Array.of(bytes.length));
  await ranks.broadcast(bytes);
  for (const tensors of data) {
    for (const { data } of Object.values(tensors)) if (!isZero(data)) await ranks.broadcast(wholeWords(data));
  }
}

/** Waits for a message of rank 0. */
export async function receiveMessage(ranks: Ranks): Promise<Message> {
  const length = new Uint32Array(1);
  await ranks.broadcast(length);
  const bytes = new Uint8Array(length[0]);
  await ranks.broadcast(bytes);
  return parse(new TextDecoder().decode(bytes));
}

/** Receives the tensors that follow a message. Returns of those that are dealt out this rank's part. */
export async function receiveTensors(ranks: Ranks, heads: TensorHeads): Promise<TensorMap> {
  const tensors: Record<string, TensorMap[string]> = {};
  for (const { label, shape, type, dealt, zeros } of heads) {
    const size = shape.reduce((a, b) => a * b, 1), count = type === "Uint16Array" ? size + size % 2 : size;
    const data = new arrays[type](count);
    if (!zeros) await ranks.broadcast(data);
    const whole = { shape, data: data.subarray(0, size) };
    tensors[label] = dealt ? partOf(whole, ranks) : whole;
  }
  return tensors;
}

/** Returns what is known of tensors; `dealt` says which of them are dealt out. */
export function headsOf(tensors: TensorMap, dealt: (label: string) => boolean = () => false): TensorHeads {
  return Object.entries(tensors).map(([label, { shape, data }]) => ({
    label,
    shape,
    type: typeOf(data),
    dealt: dealt(label),
    zeros: isZero(data),
  }));
}

/** Returns the part of a tensor that a rank takes; the parts divide the first size. */
export function partOf({ shape, data }: TensorMap[string], { rank, size }: Ranks): TensorMap[string] {
  const length = data.length / size;
  return {
    shape: [shape[0] / size, ...shape.slice(1)],
    data: data.slice(rank * length, (rank + 1) * length),
  };
}

const arrays = { Float32Array, Uint32Array, Uint16Array };

function typeOf(data: Data): DataType {
  return data instanceof Float32Array
    ? "Float32Array"
    : data instanceof Uint32Array
    ? "Uint32Array"
    : "Uint16Array";
}

function isZero(data: Data): boolean {
  return data.every((x) => x === 0);
}

/** Returns data whose number of bytes is a multiple of 4. */
function wholeWords(data: Data): Data {
  if (data.byteLength % 4 === 0) return data;
  const padded = new Uint16Array(data.length + 1);
  padded.set(data);
  return padded;
}
