/**
 * How many near-duplicates are found, against the formula: of pairs whose shingles have a Jaccard similarity s, a share
 * of 1 - (1 - s^8)^14. Source: Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { nearDuplicates, recall } from "../../../../bench/near_duplicates.ts";
import { Signer } from "../../../../stages/filter/minhash/signer.ts";

const PAIRS = 3000;
const DEVIATIONS = 4; // one false alarm in 16,000 runs, were the seed not fixed

Deno.test("Signer finds the share of near-duplicates that the formula says, from 0.3 up", async () => {
  const signer = await Signer.open();
  const bands = Array.from(
    { length: 10 },
    () => ({ pairs: 0, found: 0, wanted: 0, variance: 0, alike: 0, same: 0 }),
  );
  for (let i = 0; i < PAIRS; i++) {
    const { one, other, similarity } = nearDuplicates(1, i);
    const [a, b] = [signer.signWords(one), signer.signWords(other)];
    const band = bands[Math.min(9, Math.floor(10 * similarity))];
    const p = recall(similarity, signer);
    const keys = signer.keys(a), others = signer.keys(b);
    band.pairs++;
    band.found += keys.some((key, k) => key === others[k]) ? 1 : 0;
    band.wanted += p;
    band.variance += p * (1 - p);
    band.alike += 112 * similarity;
    band.same += equalHashes(a, b);
  }
  for (const [i, { pairs, found, wanted, variance, alike, same }] of bands.entries()) {
    const about = `similarity 0.${i}: of ${pairs} pairs ${found} found, wanted ${wanted.toFixed(1)}`;
    ok(Math.abs(found - wanted) <= DEVIATIONS * Math.sqrt(variance) + 0.5, about);
    // A hash agrees with probability s; the hashes of a pair share their shingles, so their spread is a little more.
    ok(
      Math.abs(same - alike) <= 1.2 * DEVIATIONS * Math.sqrt(112 * pairs / 4),
      `${about}: ${same} hashes, wanted ${alike}`,
    );
  }
  const all = bands.filter(({ pairs }) => pairs >= 50);
  ok(all.length >= 7, "the pairs should spread over similarities from 0.3 to 1");
});

Deno.test("recall() is FineWeb's published curve", () => {
  for (const [s, percent] of [[0.7, 56], [0.75, 77], [0.8, 92], [0.85, 98.8]]) {
    const share = 100 * recall(s, { buckets: 14, rows: 8 });
    ok(Math.abs(share - percent) < 0.6, `${s}: ${share} %, wanted ${percent} %`);
  }
});

function equalHashes(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): number {
  const others = new BigUint64Array(b.buffer);
  return new BigUint64Array(a.buffer).reduce((sum, hash, i) => sum + (hash === others[i] ? 1 : 0), 0);
}
