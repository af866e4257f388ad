import { deepStrictEqual, ok } from "node:assert/strict";
import { type Allocation, placeInArena } from "../../../kernels/core/arena.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";

/** Computes the placement by comparing every pair of allocations. */
function placedByPairs(
  allocations: readonly Allocation[],
  chunkBytes = Infinity,
): (Allocation & { offset: number })[] {
  const placed: (Allocation & { offset: number })[] = [];
  for (const allocation of [...allocations].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const overlapping = placed.filter((p) => p.first <= allocation.last && allocation.first <= p.last);
    const candidates = [0, ...overlapping.map((p) => p.offset + p.bytes)].map((at) =>
      at % chunkBytes + allocation.bytes > chunkBytes ? Math.ceil(at / chunkBytes) * chunkBytes : at
    ).sort((a, b) => a - b);
    const offset = candidates.find((at) =>
      overlapping.every((p) => p.offset + p.bytes <= at || at + allocation.bytes <= p.offset)
    )!;
    placed.push({ ...allocation, offset });
  }
  return placed;
}

Deno.test("placeInArena() puts every allocation at the lowest offset that is free during its lifetime, also in chunks", () => {
  for (let seed = 0; seed < 40; seed++) {
    let drawn = 0;
    const below = (n: number) => Math.floor(uniformAt(seed, "allocations", drawn++) * n);
    const allocations = Array.from({ length: 1 + below(80) }, () => {
      const first = below(50);
      return { first, last: first + below(below(2) === 0 ? 4 : 50), bytes: 1 + below(6) };
    });
    for (const chunkBytes of [Infinity, 7]) {
      deepStrictEqual(
        placeInArena(allocations, chunkBytes).placed,
        placedByPairs(allocations, chunkBytes),
        `seed ${seed}`,
      );
    }
  }
});

/**
 * Returns the allocations of a training step: activations that are stored in the forward pass and freed in
 * the backward pass, and short-lived allocations.
 */
function nested(layers: number): Allocation[] {
  return Array.from({ length: layers }, (_, layer) => {
    const up = layer * 4, down = (2 * layers - layer) * 4;
    return [
      ...[4, 3, 1, 1].map((bytes, i) => ({ first: up + i, last: down - i, bytes: bytes * 1024 })),
      { first: up, last: up + 1, bytes: 2048 },
      { first: down, last: down + 1, bytes: 4096 },
    ];
  }).flat();
}

Deno.test("placeInArena() wastes no memory in a training step, and examines few ranges per allocation however many there are", () => {
  const examinedPer = [100, 1600].map((layers) => {
    const allocations = nested(layers), { placed, examined } = placeInArena(allocations);
    const top = placed.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes), 0);
    ok(top <= (layers * 9 + 4) * 1024, `${layers} layers take ${top / 1024} KB, expected ${layers * 9 + 4}`);
    return examined / allocations.length;
  });
  // With 16 times as many allocations, comparing every pair would examine 16 times as many per allocation,
  // while the tree is only 4 levels deeper.
  ok(examinedPer[1] < 2 * examinedPer[0], `${examinedPer} ranges per allocation`);
});

Deno.test("placeInArena() accepts no allocations, and one that a single call uses", () => {
  deepStrictEqual(placeInArena([]).placed, []);
  deepStrictEqual(placeInArena([{ first: 0, last: 0, bytes: 5 }]).placed, [
    { first: 0, last: 0, bytes: 5, offset: 0 },
  ]);
});
