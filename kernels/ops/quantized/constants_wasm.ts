// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Constant vectors of inner loops. They are loaded from memory before a loop: a constant in the code is made
 * again in every iteration, by several instructions, which took a third of the time.
 *
 * @module
 */
const words: usize = memory.data<u32>([
  0x0000000f,
  0x00000f00,
  0x000000f0,
  0x0000f000,
  0x8fffe000,
  0x77800000,
  0x3d800000,
  0xc1000000,
  0x0f0f0f0f,
  0x03030303,
  0x20202020,
]);

/** The low four bits of byte 0 of each word. */
export function low0(): v128 {
  return v128.load32_splat(words);
}

/** The low four bits of byte 1 of each word. */
export function low1(): v128 {
  return v128.load32_splat(words, 4);
}

/** The high four bits of byte 0 of each word. */
export function high0(): v128 {
  return v128.load32_splat(words, 8);
}

/** The high four bits of byte 1 of each word. */
export function high1(): v128 {
  return v128.load32_splat(words, 12);
}

/** The bits of an f16 number as a signed word, shifted left by 13. */
export function halfBits(): v128 {
  return v128.load32_splat(words, 16);
}

/** 2^112, the factor between the exponents of f16 and f32. */
export function halfFactor(): v128 {
  return v128.load32_splat(words, 20);
}

/** 1 / 16, as floats. */
export function sixteenth(): v128 {
  return v128.load32_splat(words, 24);
}

/** -8, as floats. */
export function minusEight(): v128 {
  return v128.load32_splat(words, 28);
}

/** The low four bits of each byte. */
export function lowBits(): v128 {
  return v128.load32_splat(words, 32);
}

/** The low two bits of each byte. */
export function twoBits(): v128 {
  return v128.load32_splat(words, 36);
}

/** 32 in each byte. */
export function thirtyTwo(): v128 {
  return v128.load32_splat(words, 40);
}
