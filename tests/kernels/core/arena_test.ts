import { deepStrictEqual, ok } from "node:assert/strict";
import { type Allocation, placeInArena } from "../../../kernels/core/arena.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";

/** The same by looking at every pair. */
function placedByPairs(
  pieces: readonly Allocation[],
  chunkBytes = Infinity,
): (Allocation & { offset: number })[] {
  const placed: (Allocation & { offset: number })[] = [];
  for (const piece of [...pieces].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const met = placed.filter((p) => p.first <= piece.last && piece.first <= p.last);
    const candidates = [0, ...met.map((p) => p.offset + p.bytes)].map((at) =>
      at % chunkBytes + piece.bytes > chunkBytes ? Math.ceil(at / chunkBytes) * chunkBytes : at
    ).sort((a, b) => a - b);
    const offset = candidates.find((at) =>
      met.every((p) => p.offset + p.bytes <= at || at + piece.bytes <= p.offset)
    )!;
    placed.push({ ...piece, offset });
  }
  return placed;
}

Deno.test("placeInArena() puts every piece at the lowest offset that is free over its life, also in chunks", () => {
  for (let seed = 0; seed < 40; seed++) {
    let drawn = 0;
    const below = (n: number) => Math.floor(uniformAt(seed, "pieces", drawn++) * n);
    const pieces = Array.from({ length: 1 + below(80) }, () => {
      const first = below(50);
      return { first, last: first + below(below(2) === 0 ? 4 : 50), bytes: 1 + below(6) };
    });
    for (const chunkBytes of [Infinity, 7]) {
      deepStrictEqual(placeInArena(pieces, chunkBytes).placed, placedByPairs(pieces, chunkBytes), `${seed}`);
    }
  }
});

/** What a training step of many layers keeps: made on the way up, freed on the way down, beside short-lived ones. */
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

Deno.test("placeInArena() wastes nothing on a training step, and looks at few taken ranges a piece, however many", () => {
  const looks = [100, 1600].map((layers) => {
    const pieces = nested(layers), { placed, looked } = placeInArena(pieces);
    const top = placed.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes), 0);
    ok(top <= (layers * 9 + 4) * 1024, `${layers} layers take ${top / 1024} KB, wanted ${layers * 9 + 4}`);
    return looked / pieces.length;
  });
  // 16 times as many pieces: every pair would be 16 times as many looks a piece, a tree's depth is 4 more.
  ok(looks[1] < 2 * looks[0], `${looks} looks a piece`);
});

Deno.test("placeInArena() takes no piece and pieces of one moment", () => {
  deepStrictEqual(placeInArena([]).placed, []);
  deepStrictEqual(placeInArena([{ first: 0, last: 0, bytes: 5 }]).placed, [
    { first: 0, last: 0, bytes: 5, offset: 0 },
  ]);
});
