// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The part of SHA-1 that MinHash needs: the first eight bytes of the digest. Source: FIPS 180-4, section 6.1.
 *
 * @module
 */
import { scheduleAt } from "./layout.ts";

const K0: u32 = 0x5A827999;
const K1: u32 = 0x6ED9EBA1;
const K2: u32 = 0x8F1BBCDC;
const K3: u32 = 0xCA62C1D6;

let h0: u32 = 0;
let h1: u32 = 0;
let h2: u32 = 0;
let h3: u32 = 0;
let h4: u32 = 0;

/** Returns the first 8 bytes of the SHA-1 of the `length` bytes at `from`, as a little-endian integer. */
export function sha1(from: usize, length: u32): u64 {
  h0 = 0x67452301;
  h1 = 0xEFCDAB89;
  h2 = 0x98BADCFE;
  h3 = 0x10325476;
  h4 = 0xC3D2E1F0;
  let rest = length;
  for (; rest >= 64; rest -= 64, from += 64) {
    for (let i: usize = 0; i < 64; i += 4) store<u32>(scheduleAt + i, bswap<u32>(load<u32>(from + i)));
    block();
  }
  // The last one or two blocks: the remaining bytes, then the padding, which is a 1 bit, zeros, and the
  // length in bits.
  memory.fill(scheduleAt, 0, 64);
  memory.copy(scheduleAt, from, rest);
  store<u8>(scheduleAt + rest, 0x80);
  for (let i: usize = 0; i < 64; i += 4) store<u32>(scheduleAt + i, bswap<u32>(load<u32>(scheduleAt + i)));
  if (rest >= 56) {
    block();
    memory.fill(scheduleAt, 0, 64);
  }
  store<u32>(scheduleAt + 60, length << 3); // fits in 32 bits, since a shingle has fewer than 2^29 bytes
  block();
  return (<u64> bswap<u32>(h1) << 32) | <u64> bswap<u32>(h0);
}

/** Processes one block, whose 16 words are at `scheduleAt`. */
function block(): void {
  for (let at = scheduleAt + 64; at < scheduleAt + 320; at += 4) {
    const word = load<u32>(at - 12) ^ load<u32>(at - 32) ^ load<u32>(at - 56) ^ load<u32>(at - 64);
    store<u32>(at, rotl<u32>(word, 1));
  }
  let a = h0, b = h1, c = h2, d = h3, e = h4;
  let at = scheduleAt;
  for (const end = at + 80; at < end; at += 4) {
    const next = rotl<u32>(a, 5) + (d ^ (b & (c ^ d))) + e + K0 + load<u32>(at);
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  for (const end = at + 80; at < end; at += 4) {
    const next = rotl<u32>(a, 5) + (b ^ c ^ d) + e + K1 + load<u32>(at);
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  for (const end = at + 80; at < end; at += 4) {
    const next = rotl<u32>(a, 5) + ((b & c) | (d & (b | c))) + e + K2 + load<u32>(at);
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  for (const end = at + 80; at < end; at += 4) {
    const next = rotl<u32>(a, 5) + (b ^ c ^ d) + e + K3 + load<u32>(at);
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  h0 += a;
  h1 += b;
  h2 += c;
  h3 += d;
  h4 += e;
}
