/**
 * Assigns an index to each distinct chunk of texts. A chunk is looked up by its position in a text: no
 * substring is made, and no text is kept in memory.
 *
 * @module
 */

/** Maps chunks to indices, which are assigned in the order in which chunks are added. */
export class ChunkIndex {
  #buckets = new Int32Array(1 << 12).fill(-1); // hash table of chunk indices, at most half full
  #hashes = new Int32Array(1 << 11);
  #starts = new Int32Array((1 << 11) + 1); // chunk `i` is `#units[#starts[i] … #starts[i + 1])`
  #units = new Uint16Array(1 << 14);
  #size = 0;
  #hash = 0; // hash of the chunk that `find` looked up last

  /** Number of chunks. */
  get size(): number {
    return this.#size;
  }

  /** Returns the index of the chunk `text[start … stop)`, or -1 if it has not been added. */
  find(text: string, start: number, stop: number): number {
    let hash = stop - start;
    for (let i = start; i < stop; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 15;
    this.#hash = hash;
    const mask = this.#buckets.length - 1;
    for (let bucket = hash & mask;; bucket = (bucket + 1) & mask) {
      const chunk = this.#buckets[bucket];
      if (chunk < 0) return -1;
      if (this.#hashes[chunk] === hash && this.#same(chunk, text, start, stop)) return chunk;
    }
  }

  /** Adds the chunk that the last call of `find` looked up without success, and returns the chunk's index. */
  add(text: string, start: number, stop: number): number {
    if (this.#size === this.#hashes.length) this.#grow();
    const chunk = this.#size++, at = this.#starts[chunk], end = at + stop - start;
    if (end > this.#units.length) {
      const units = new Uint16Array(Math.max(this.#units.length * 2, end));
      units.set(this.#units);
      this.#units = units;
    }
    for (let i = start; i < stop; i++) this.#units[at + i - start] = text.charCodeAt(i);
    this.#starts[chunk + 1] = end;
    this.#hashes[chunk] = this.#hash;
    this.#place(chunk);
    return chunk;
  }

  /** Returns all chunks joined, in the order of their indices. */
  joined(): string {
    return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(
      this.#units.subarray(0, this.#starts[this.#size]),
    );
  }

  /** Returns the length of each chunk in UTF-16 units. */
  lengths(): number[] {
    return Array.from({ length: this.#size }, (_, chunk) => this.#starts[chunk + 1] - this.#starts[chunk]);
  }

  /** Removes all chunks. */
  clear(): void {
    this.#buckets.fill(-1);
    this.#size = 0;
  }

  #same(chunk: number, text: string, start: number, stop: number): boolean {
    const at = this.#starts[chunk];
    if (this.#starts[chunk + 1] - at !== stop - start) return false;
    for (let i = start; i < stop; i++) if (this.#units[at + i - start] !== text.charCodeAt(i)) return false;
    return true;
  }

  #place(chunk: number): void {
    const mask = this.#buckets.length - 1;
    let bucket = this.#hashes[chunk] & mask;
    while (this.#buckets[bucket] >= 0) bucket = (bucket + 1) & mask;
    this.#buckets[bucket] = chunk;
  }

  #grow(): void {
    const hashes = new Int32Array(this.#hashes.length * 2), starts = new Int32Array(hashes.length + 1);
    hashes.set(this.#hashes);
    starts.set(this.#starts);
    this.#hashes = hashes;
    this.#starts = starts;
    this.#buckets = new Int32Array(this.#buckets.length * 2).fill(-1);
    for (let chunk = 0; chunk < this.#size; chunk++) this.#place(chunk);
  }
}
