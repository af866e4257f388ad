/**
 * One process of several that MPI connects: it checks sums, broadcasts and votes, and prints the SHA-256 of a
 * sum.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { openMpi } from "../../../kernels/dist/mpi.ts";

const ranks = await openMpi({ timeout: 60 }), { rank, size } = ranks;
const numbers = (length: number, rank: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * (rank + 1)) / 3);

for (const length of [0, 1, size - 1, size, 1001, 2 ** 21 + 5]) {
  const rows = Array.from({ length: size }, (_, rank) => numbers(length, rank));
  for (let apart = 1; apart < size; apart *= 2) {
    for (let row = 0; row + apart < size; row += 2 * apart) {
      for (let i = 0; i < length; i++) rows[row][i] += rows[row + apart][i];
    }
  }
  const shared = new Float32Array(new SharedArrayBuffer(4 * length + 64), 64, length); // as of the engine
  shared.set(numbers(length, rank));
  await ranks.sum(shared);
  deepStrictEqual(Float32Array.from(shared), rows[0], `sum of ${length}`);
  const byLibrary = numbers(length, rank);
  await ranks.sum(byLibrary, { order: "library" });
  strictEqual(byLibrary.every((x, i) => Math.abs(x - rows[0][i]) < 1e-5), true, "sum by the library");
  const sent = numbers(length, rank);
  await ranks.broadcast(sent);
  deepStrictEqual(sent, numbers(length, 0), `broadcast of ${length}`);
}
deepStrictEqual(
  [...await ranks.gather(Float32Array.of(rank, 7))],
  Array.from({ length: size }, (_, rank) => [rank, 7]).flat(),
);
const votes = [];
for (const yes of [false, rank === size - 1, true]) votes.push(await ranks.agree(yes));
deepStrictEqual(votes, [false, true, true]);
const nodes = Number(Deno.args[0] ?? 1); // the processes are divided equally among them
strictEqual(ranks.local.size, size / nodes);
strictEqual(ranks.local.rank, rank % ranks.local.size);

const sum = numbers(100_003, rank);
await ranks.sum(sum);
const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", sum)).toHex();
await ranks.close();
console.log(`rank ${rank} of ${size}: ${hash}`);
