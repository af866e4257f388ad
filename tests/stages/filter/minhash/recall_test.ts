/**
 * Tests the fraction of near-duplicates that is found against the formula `1 - (1 - s^8)^14` for pairs whose
 * shingles have the Jaccard similarity `s`. Source: Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of
 * Massive Datasets", chapter 3.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { nearDuplicates, recall } from "../../../../bench/near_duplicates.ts";
import { Signer } from "../../../../stages/filter/minhash/signer.ts";

const PAIRS = 3000;
const DEVIATIONS = 4; // standard deviations: with random seeds, one run in 16,000 would fail by chance

Deno.test("Signer finds the fraction of near-duplicates that the formula predicts", async () => {
  const signer = await Signer.open();
  const bands = Array.from(
    { length: 10 },
    () => ({ pairs: 0, found: 0, expected: 0, variance: 0, alike: 0, same: 0 }),
  );
  for (let i = 0; i < PAIRS; i++) {
    const { one, other, similarity } = nearDuplicates(1, i);
    const [a, b] = [signer.signWords(one), signer.signWords(other)];
    const band = bands[Math.min(9, Math.floor(10 * similarity))];
    const p = recall(similarity, signer);
    const keys = signer.keys(a), others = signer.keys(b);
    band.pairs++;
    band.found += keys.some((key, k) => key === others[k]) ? 1 : 0;
    band.expected += p;
    band.variance += p * (1 - p);
    band.alike += 112 * similarity;
    band.same += equalHashes(a, b);
  }
  for (const [i, { pairs, found, expected, variance, alike, same }] of bands.entries()) {
    const about = `similarity 0.${i}: of ${pairs} pairs ${found} found, expected ${expected.toFixed(1)}`;
    ok(Math.abs(found - expected) <= DEVIATIONS * Math.sqrt(variance) + 0.5, about);
    // Each hash agrees with probability `s`. All hashes of a pair come from the same shingles, so the
    // variance is a little greater than that of independent hashes.
    ok(
      Math.abs(same - alike) <= 1.2 * DEVIATIONS * Math.sqrt(112 * pairs / 4),
      `${about}: ${same} hashes, expected ${alike}`,
    );
  }
  const all = bands.filter(({ pairs }) => pairs >= 50);
  ok(all.length >= 7, "the pairs should spread over similarities from 0.3 to 1");
});

Deno.test("recall() gives the values that FineWeb has published", () => {
  for (const [s, percent] of [[0.7, 56], [0.75, 77], [0.8, 92], [0.85, 98.8]]) {
    const actual = 100 * recall(s, { buckets: 14, rows: 8 });
    ok(Math.abs(actual - percent) < 0.6, `${s}: ${actual} %, expected ${percent} %`);
  }
});

function equalHashes(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): number {
  const others = new BigUint64Array(b.buffer);
  return new BigUint64Array(a.buffer).reduce((sum, hash, i) => sum + (hash === others[i] ? 1 : 0), 0);
}
