/**
 * Writes records of TensorBoard's event files, for scalars only. A record is a protocol buffer with its
 * length and checksums. npm has no package that writes event files without TensorFlow's native library.
 * Source: tensorflow's record_writer.cc, event.proto, summary.proto.
 *
 * @module
 */

/** The scalars of one step. */
export interface TensorboardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** Step that the scalars belong to. */
  readonly step: number;
  /** Values by tag; they need not be finite. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** Returns the first record of a file, which states the version of the format. */
export function tensorboardVersion(wallTime: number): Uint8Array<ArrayBuffer> {
  return record([...double(1, wallTime), ...text(3, "brain.Event:2")]);
}

/** The record of one event. */
export function tensorboardRecord({ wallTime, step, scalars }: TensorboardEvent): Uint8Array<ArrayBuffer> {
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    message(1, [...text(1, tag), ...float(2, value)])
  );
  return record([...double(1, wallTime), ...varint(2, step), ...message(5, values)]);
}

function record(data: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 + data.length), view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(bytes.subarray(12, 12 + data.length)), true);
  return bytes;
}

/** Masks the checksum of `bytes`, because the CRC of data that contains its own CRC is unreliable. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return ((crc >>> 15 | crc << 17) + 0xa282ead8) >>> 0;
}

/** Computes CRC-32C (Castagnoli), which node:zlib lacks. Source: RFC 3720, B.4. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function double(field: number, value: number): number[] {
  return [field << 3 | 1, ...new Uint8Array(Float64Array.of(value).buffer)];
}

function float(field: number, value: number): number[] {
  return [field << 3 | 5, ...new Uint8Array(Float32Array.of(value).buffer)];
}

function varint(field: number, value: number): number[] {
  return [field << 3, ...number(value)];
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}

function message(field: number, bytes: readonly number[]): number[] {
  return [field << 3 | 2, ...number(bytes.length), ...bytes];
}

/** Returns a number as a base-128 varint: seven bits per byte, lowest bits first. */
function number(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(rest % 128 | 128);
  return [...bytes, rest];
}
