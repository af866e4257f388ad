/**
 * Unpacks xz by xz-embedded (as WASM, npm xz-decompress). The package's own stream is not used, because only
 * one of them can be read at a time. A dictionary may have up to 64 MiB, as `xz -9` makes it.
 *
 * @module
 */
import { importPackage } from "../../disk/packages.ts";
import { ByteQueue } from "./byte_queue.ts";
import { endsEarly, invalidData } from "./damage.ts";
import type { MemberChunk, MemberOptions } from "./gzip.ts";

/** Results of xz-embedded, from 2 on; see xz.h. */
const FAILURES: Readonly<Record<number, string>> = {
  2: "its kind of checksum is unknown",
  3: "memory is exhausted",
  4: "its dictionary is larger than 64 MiB",
  5: "it does not begin with xz's magic number",
  6: "its options are unknown, or its checksum is SHA-256: pack it with `xz -C crc64`",
  7: "its data or a checksum is wrong",
  8: "its data is truncated or wrong",
};
const END = 1, NO_PROGRESS = 8;

/** The exports of xz-decompress's module. */
interface XzExports {
  readonly memory: WebAssembly.Memory;
  create_context(): number;
  destroy_context(context: number): void;
  supply_input(context: number, bytes: number): void;
  get_next_output(context: number): number;
}

/**
 * Unpacks chunks from the beginning of a file. Streams that follow one another, also with bytes of value 0
 * between them, are unpacked as one. Throws Deno.errors.InvalidData if the data or a checksum is wrong, and
 * UnexpectedEof if the data ends early.
 */
export async function* unxz(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { name, start = 0 }: MemberOptions,
): AsyncGenerator<MemberChunk> {
  const input = new ByteQueue(packed, start), context = new Context(await openModule());
  let first = true, hasEnded = false; // whether all input has been given
  try {
    for (let result = 0; result !== END;) {
      if (context.isHungry) {
        hasEnded = !await input.fill(1);
        const chunk = input.peek(context.size);
        context.feed(chunk);
        input.drop(chunk.length);
      }
      const next = context.next();
      result = next.result;
      if (result > END) throw failure(`${name} (xz)`, { result, hasEnded });
      if (next.bytes.length === 0) continue;
      yield { bytes: next.bytes, member: start, first };
      first = false;
    }
  } finally {
    context.close();
  }
}

function failure(
  at: string,
  { result, hasEnded }: { readonly result: number; readonly hasEnded: boolean },
): Error {
  const why = FAILURES[result] ?? `result ${result}`;
  return result === NO_PROGRESS && hasEnded ? endsEarly(at) : invalidData(at, { format: "xz", why });
}

/** Returns an instance of its own, whose memory is freed together with the reader. */
async function openModule(): Promise<XzExports> {
  const { default: { XzReadableStream: stream } } = await importPackage("xz-decompress");
  await Reflect.get(stream, "_getModuleInstance").call(stream);
  return Reflect.get(stream, "_moduleInstance").exports;
}

/** A stream's state in the module: eight numbers, then the buffers for input and output. */
class Context {
  readonly #exports: XzExports;
  readonly #at: number;
  /** Bytes of the buffers. */
  readonly size: number;

  constructor(exports: XzExports) {
    this.#exports = exports;
    this.#at = exports.create_context();
    this.size = this.#fields[0];
  }

  /** Whether all input has been read. */
  get isHungry(): boolean {
    return this.#fields[2] === this.#fields[3];
  }

  /** Gives the module input; none at the end of the file. */
  feed(bytes: Uint8Array): void {
    new Uint8Array(this.#exports.memory.buffer, this.#fields[1], this.size).set(bytes);
    this.#exports.supply_input(this.#at, bytes.length);
  }

  /** Unpacks some bytes. */
  next(): { bytes: Uint8Array<ArrayBuffer>; result: number } {
    const result = this.#exports.get_next_output(this.#at), fields = this.#fields;
    const bytes = new Uint8Array(new Uint8Array(this.#exports.memory.buffer, fields[4], fields[5]));
    fields[5] = 0;
    return { bytes, result };
  }

  close(): void {
    this.#exports.destroy_context(this.#at);
  }

  /** Size of the buffers; address, position and end of the input; address and position of the output. */
  get #fields(): Uint32Array {
    return new Uint32Array(this.#exports.memory.buffer, this.#at, 6);
  }
}
