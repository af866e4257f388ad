/**
 * Files that other programs packed: bzip2 1.0.8, XZ Utils 5.4 (both as Python's modules) and lz4 1.9.
 *
 * @module
 */
import { inflateSync } from "node:zlib";

const bytes = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.fromBase64(base64);

/** "hello " 50,000 times, and "x\n". */
export const packedTexts = ["hello ".repeat(50_000), "x\n"] as const;

/** The texts by bzip2: three blocks of level 1 (`bzip2 -1`), and one of level 9. */
export const bzip2 = [
  bytes(
    "QlpoMTFBWSZTWfFaniMAYaMRAEAAAkSgAFBmgClQ9TVIQPChA7UhAzChA4qQgfMUFZJlNZqKFPRwCiupEAQAACRKAAUGaAKVGNFCBlSED4oQMqQgbUhAz1SEDjFBWSZTWakGNDsAQRcRAEAAAkSgAFBmgClJk6pCBtSEDtqQgZwoQMVIQPmKCskymss7rpSoAAC4iAIAABIlAAGGaAKVMTk2MjY6M9HxdyRThQkB0oduMA==",
  ),
  bytes("QlpoOTFBWSZTWSs+z38AAADAgAAQAEAgACEAgrF3JFOFCQKz7Pfw"),
] as const;

/** 45,000,000 zeros by bzip2, in 50 bytes. */
export const bzip2Bomb = bytes("QlpoOTFBWSZTWckBtsgBWKtAIMAAEAAACCAAMMwFKaZSSFJsVJIUni7kinChIZIDbZA=");

/** The texts by xz: with a checksum of 64 bits (`xz -0`), and of 32. */
export const xz = [
  bytes(
    "/Td6WFoAAATm1rRGAgAhAQwAAACPmEGc5JPfAHddADQZSduFXGh/G7+2b5ju9b1mNhCvNuIZn4ugQlUXEhvWs0j/Ar4ngMrvLM00KTvEQuNVzOehjcWe9b3warj2a2OvKYo60bbxY9HVKkxx5oEMvymolqqZAf+5JYIVi8DOFQGl6KMJKuyq/1omrHIMFpKnvAnx+wAAAACI4W/7IUVzHwABkwHgpxIAjuN7F7HEZ/sCAAAAAARZWg==",
  ),
  bytes("/Td6WFoAAAFpIt42AgAhARYAAAB0L+WjAQABeAoAAAAfCOpGAAEWAtBhENKQQpkNAQAAAAABWVo="),
] as const;

/** "x\n" by xz with a dictionary of 128 MiB, and with a checksum by SHA-256. */
export const xzRefused = {
  dictionary: bytes("/Td6WFoAAATm1rRGAgAhAR4AAACbB1FmAQABeAoAAAA3SlHcM6LKsAABGgLcLqV+H7bzfQEAAAAABFla"),
  sha256: bytes(
    "/Td6WFoAAArh+wyhAgAhARYAAAB0L+WjAQABeAoAAABzyzhYpoeoSUyjMjBTAWKC89rTnULPYspOed2iqsfZrAABMgJ2gPgjGJtLmgEAAAAAClla",
  ),
};

/**
 * The texts by lz4: five blocks that refer to one another, with the size and all checksums (`lz4 -BD -B4 -BX
 * --content-size`), and one block.
 */
export const lz4 = [
  new Uint8Array(
    inflateSync(
      bytes(
        "eNpjUfKViHF4MJmFAQR2CTAyMORnpObk5CuwMfwf4eBRgAIoKAJ3sp/mAoYL/5+RHiD/XwQAE0ZG6rGAy7/BKSUHzB1NKY8CwFlmtuORXaMpBZpSwHknvrLfbQmwYMnPB3MHZ0oJg8TeI+k92qBCsEblHzsA2TK6oA==",
      ),
    ),
  ),
  bytes("BCJNGGRApwIAAIB4CgAAAACWk1+e"),
] as const;

/** "x\n" by `lz4 -l`. */
export const lz4Legacy = bytes("AiFMGAMAAAAgeAo=");
