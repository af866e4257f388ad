/**
 * Gzip, member by member: where each begins is told, so that reading can go on there later.
 * Source: RFC 1952 (gzip), RFC 1951 (deflate, by node:zlib).
 *
 * @module
 */
import { crc32, createInflateRaw } from "node:zlib";

/** Unpacked bytes of one member. */
export interface MemberChunk {
  /** Not empty. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where their member begins: packed bytes before it, from the start of the file. */
  readonly member: number;
  /** They are its first. */
  readonly first: boolean;
}

const FED_BYTES = 1 << 14; // at a time: they unpack to at most 16 MiB, so a bomb costs no more memory

/**
 * Unpacks chunks that begin at packed byte `start`, at a member. Zeros after the last member are padding. Throws
 * Deno.errors.InvalidData, with the member's place, where the packing or a check sum is broken, UnexpectedEof where it
 * ends early.
 */
export async function* gunzipMembers(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { name, start = 0 }: { readonly name: string; readonly start?: number },
): AsyncGenerator<MemberChunk> {
  const input = new Feed(packed, start);
  for (let members = 0; await input.fill(1); members++) {
    if (members > 0 && await input.skipZeros()) return;
    const member = input.offset;
    const at = `${name} (gzip member at byte ${member})`;
    await passHeader(input, at);
    let sum = 0, size = 0, first = true;
    for await (const bytes of inflate(input, at)) {
      sum = crc32(bytes, sum);
      size = (size + bytes.length) >>> 0;
      yield { bytes, member, first };
      first = false;
    }
    const trailer = new DataView((await take(input, 8, at)).buffer);
    if (trailer.getUint32(0, true) !== sum || trailer.getUint32(4, true) !== size) {
      throw broken(at, "its check sum does not fit");
    }
  }
}

/** One deflate stream; what follows it stays in the input. */
async function* inflate(input: Feed, at: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const unpacker = createInflateRaw({ chunkSize: 1 << 16 });
  const ready: Uint8Array<ArrayBuffer>[] = [];
  const ended = Promise.withResolvers<"ended">();
  ended.promise.catch(() => {}); // whoever waits for a write hears of it
  unpacker.on("data", (chunk: Uint8Array) => ready.push(new Uint8Array(chunk)));
  unpacker.on("end", () => ended.resolve("ended"));
  unpacker.on("error", ended.reject);
  try {
    for (let fed = 0;;) {
      if (!await input.fill(1)) throw endsEarly(at);
      const chunk = input.peek(FED_BYTES);
      const written = new Promise<"written">((resolve) => unpacker.write(chunk, () => resolve("written")));
      const outcome = await Promise.race([
        written.then((done) => unpacker.destroyed ? ended.promise : done), // it has failed: the error comes next
        ended.promise,
      ]).catch((cause) => {
        throw broken(at, cause instanceof Error ? cause.message : String(cause), cause);
      });
      const used = outcome === "ended" ? unpacker.bytesWritten - fed : chunk.length;
      fed += used;
      input.drop(used);
      yield* ready.splice(0).filter((bytes) => bytes.length > 0);
      if (outcome === "ended") return;
    }
  } finally {
    unpacker.destroy();
  }
}

/** Magic, method, flags, time, system; then what the flags say. */
async function passHeader(input: Feed, at: string): Promise<void> {
  const [first, second] = await take(input, 2, at);
  if (first !== 0x1f || second !== 0x8b) throw broken(at, "it does not begin as gzip");
  const [method, flags] = await take(input, 8, at);
  if (method !== 8) throw broken(at, `its method is ${method}, wanted 8`);
  if (flags & 4) {
    const [low, high] = await take(input, 2, at);
    await take(input, low + 256 * high, at);
  }
  for (const flag of [8, 16]) { // a name, a comment: each to a zero
    if (flags & flag) { while ((await take(input, 1, at))[0] !== 0); }
  }
  if (flags & 2) await take(input, 2, at);
}

async function take(input: Feed, count: number, at: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!await input.fill(count)) throw endsEarly(at);
  const bytes = input.peek(count).slice();
  input.drop(count);
  return bytes;
}

function endsEarly(at: string): Error {
  return new Deno.errors.UnexpectedEof(
    `Cannot unpack ${at}: it ends early, so it was cut short: fetch the file again`,
  );
}

function broken(at: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(
    `Cannot unpack ${at}: not sound gzip data (${why}): fetch the file again, or name it for what it is`,
    { cause },
  );
}

/** Chunks as bytes to look at and drop. */
class Feed {
  readonly #chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>, public offset: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Holds at least `count` bytes, or says that there are not as many. */
  async fill(count: number): Promise<boolean> {
    while (this.#held.length < count) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      if (this.#held.length === 0) {
        this.#held = value;
        continue;
      }
      const both = new Uint8Array(this.#held.length + value.length);
      both.set(this.#held);
      both.set(value, this.#held.length);
      this.#held = both;
    }
    return true;
  }

  /** At most `most` of the bytes held. */
  peek(most: number): Uint8Array<ArrayBuffer> {
    return this.#held.subarray(0, most);
  }

  drop(count: number): void {
    this.#held = this.#held.subarray(count);
    this.offset += count;
  }

  /** Passes zeros over; true if nothing else followed. */
  async skipZeros(): Promise<boolean> {
    while (await this.fill(1)) {
      const at = this.#held.findIndex((byte) => byte !== 0);
      if (at === 0) return false;
      this.drop(at < 0 ? this.#held.length : at);
    }
    return true;
  }
}
