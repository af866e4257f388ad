/**
 * What rank 0 tells the other ranks to do, and how it is sent: as one broadcast if it is short, since every
 * broadcast waits for all ranks.
 *
 * @module
 */
import type { Shape, TensorMap } from "../../core/tensor.ts";
import type { Ranks, SumOrder } from "../../dist/ranks.ts";
import type { PackRange } from "../engine.ts";
import { parse, type ProgramJson, stringify } from "./program_json.ts";

/** One message. The data of its tensors come with it. */
export type Message =
  /** Open an engine and a session, which gets a number. */
  | Readonly<{
    type: "open";
    session: number;
    request: EngineRequest;
    programs: readonly ProgramJson[];
    tensors: readonly [TensorHeads];
  }>
  /** Do something with a session; each `write` takes the next tensors. */
  | Readonly<{
    type: "do";
    session: number;
    actions: readonly Action[];
    tensors: readonly TensorHeads[];
  }>
  /** Close a session. */
  | Readonly<{ type: "close"; session: number; tensors: readonly [] }>
  /** Nothing: rank 0 is alive. */
  | Readonly<{ type: "ping"; tensors: readonly [] }>
  /** End the process. */
  | Readonly<{ type: "end"; tensors: readonly [] }>;

/** Something to do with a session. */
export type Action =
  /** Write the next tensors of the message. */
  | Readonly<{ type: "write" }>
  /** Run programs. */
  | Readonly<{ type: "run"; programs: readonly string[] }>
  /** Add tensors over all ranks. */
  | Readonly<{ type: "sum"; labels: readonly string[]; order: SumOrder }>
  /** Begin to do so, while programs run; the next `sum` ends it. */
  | Readonly<{ type: "begin sum"; ranges: readonly PackRange[]; order: SumOrder }>
  /** Keep a tensor's present value for the next `gather`. */
  | Readonly<{ type: "keep"; label: string }>
  /** Send what was kept to rank 0. */
  | Readonly<{ type: "gather" }>;

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
  type: keyof typeof arrays;
  /** Whether rank `r` takes the `r`-th part of the data. */
  dealt: boolean;
  /** Where the data are: in the text's broadcast, in one of their own, or nowhere because all are 0. */
  sent: "with the text" | "apart" | "as zeros";
}>[];

type Tensor = TensorMap[string];

const arrays = { Float32Array, Uint32Array, Uint16Array };
const FIRST = 4096; // bytes of the first broadcast; most messages have less
const LARGE = 65536; // bytes of a tensor that has a broadcast of its own

/** Sends a message from rank 0 to the others, with the data of its tensors. */
export async function sendMessage(
  ranks: Ranks,
  message: Message,
  data: readonly TensorMap[] = [],
): Promise<void> {
  const text = new TextEncoder().encode(stringify(message));
  const sent = message.tensors.flatMap((heads, i) =>
    heads.map((head) => ({ head, data: wholeWords(data[i][head.label].data) }))
  );
  const parts = sent.flatMap(({ head, data }) => head.sent === "with the text" ? [data] : []);
  const start = padded(8 + text.length),
    bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, start);
  const body = new Uint8Array(Math.max(FIRST, bytes));
  new Uint32Array(body.buffer).set([bytes, text.length]);
  body.set(text, 8);
  let at = start;
  for (const { buffer, byteOffset, byteLength } of parts) {
    body.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  await ranks.broadcast(body.subarray(0, FIRST));
  await ranks.broadcast(body.subarray(FIRST), { follows: true });
  for (const { head, data } of sent) {
    if (head.sent === "apart") await ranks.broadcast(data, { follows: true });
  }
}

/**
 * Waits for a message of rank 0. Returns it with its tensors; of those that are dealt out, this rank's part.
 */
export async function receiveMessage(
  ranks: Ranks,
): Promise<{ readonly message: Message; readonly tensors: readonly TensorMap[] }> {
  const first = new Uint8Array(FIRST);
  await ranks.broadcast(first);
  const [bytes, length] = new Uint32Array(first.buffer, 0, 2), body = new Uint8Array(Math.max(FIRST, bytes));
  body.set(first);
  await ranks.broadcast(body.subarray(FIRST), { follows: true });
  const message: Message = parse(new TextDecoder().decode(body.subarray(8, 8 + length)));
  const tensors: TensorMap[] = [];
  let at = padded(8 + length);
  for (const heads of message.tensors) {
    const received: Record<string, Tensor> = {};
    for (const { label, shape, type, dealt, sent } of heads) {
      const size = shape.reduce((a, b) => a * b, 1),
        words = Math.ceil(size * arrays[type].BYTES_PER_ELEMENT / 4);
      const data = new arrays[type](new ArrayBuffer(4 * words));
      if (sent === "apart") await ranks.broadcast(data, { follows: true });
      if (sent === "with the text") {
        new Uint8Array(data.buffer).set(body.subarray(at, at + data.byteLength));
        at += data.byteLength;
      }
      const whole = { shape, data: data.subarray(0, size) };
      received[label] = dealt ? partOf(whole, ranks) : whole;
    }
    tensors.push(received);
  }
  return { message, tensors };
}

/** Returns what is known of tensors; `dealt` says which of them are dealt out. */
export function headsOf(tensors: TensorMap, dealt: (label: string) => boolean = () => false): TensorHeads {
  return Object.entries(tensors).map(([label, { shape, data }]) => ({
    label,
    shape,
    type: data instanceof Float32Array
      ? "Float32Array"
      : data instanceof Uint32Array
      ? "Uint32Array"
      : "Uint16Array",
    dealt: dealt(label),
    sent: data.byteLength < LARGE ? "with the text" : data.every((x) => x === 0) ? "as zeros" : "apart",
  }));
}

/** Returns the part of a tensor that a rank takes; the parts divide the first size. */
export function partOf(
  { shape, data }: Tensor,
  { rank, size }: Pick<Ranks, "rank" | "size">,
): Tensor {
  const length = data.length / size;
  return {
    shape: [shape[0] / size, ...shape.slice(1)],
    data: data.slice(rank * length, (rank + 1) * length),
  };
}

/** Returns data whose number of bytes is a multiple of 4. */
function wholeWords(data: Tensor["data"]): Tensor["data"] {
  if (data.byteLength % 4 === 0) return data;
  const whole = new Uint16Array(data.length + 1);
  whole.set(data);
  return whole;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
