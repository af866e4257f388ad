import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { philox } from "../../../../kernels/random/philox.ts";
import { KeyIndex } from "../../../../stages/filter/minhash/key_index.ts";

/** Returns an integer from 1 to 2^53 - 1. */
function key(i: number): number {
  const [high, low] = philox(3, "keys", i);
  return (high >>> 11) * 2 ** 32 + low + 1;
}

const keys = Array.from({ length: 3000 }, (_, i) => key(i));
const files = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
const holds = (index: KeyIndex, from: number, to: number) => keys.slice(from, to).every((k) => index.has(k));

Deno.test("KeyIndex.has() finds added keys in memory and in merged runs", () => {
  const dir = Deno.makeTempDirSync();
  const index = new KeyIndex({ dir, held: 100 });
  for (const [i, k] of keys.entries()) {
    ok(!index.has(k), `key ${i} before it was added`);
    index.add(k);
    if (i % 97 === 0) ok(holds(index, 0, i + 1), `all keys up to ${i}`);
  }
  ok(holds(index, 0, keys.length));
  ok(!Array.from({ length: 3000 }, (_, i) => key(i + 3000)).some((k) => index.has(k)), "keys never added");
  ok(!index.has(1) && !index.has(2 ** 53 - 1), "the least and the greatest");
  deepStrictEqual(index.count, 3000);
  index.close();
  // The 30 runs of 100 keys have been merged into three runs of 800; six runs of 100 are left.
  const runs = [0, 800, 1600].map((first) => `keys.${first}-800`);
  for (let first = 2400; first < 3000; first += 100) runs.push(`keys.${first}-100`);
  deepStrictEqual(files(dir), [...runs, "keys.seen"].sort());
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("KeyIndex resumes from any count, also with another memory limit", () => {
  const dir = Deno.makeTempDirSync();
  for (const count of [2999, 1234, 800, 799, 0]) {
    {
      const index = new KeyIndex({ dir, held: 100 });
      for (const k of keys) index.add(k);
      index.close();
    }
    const index = new KeyIndex({ dir, held: count % 2 === 0 ? 100 : 37, count });
    ok(holds(index, 0, count) && !keys.slice(count).some((k) => index.has(k)), `resumed from ${count}`);
    for (const k of keys.slice(count)) index.add(k);
    ok(holds(index, 0, keys.length), `continued from ${count}`);
    index.close();
  }
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("KeyIndex rewrites runs that are missing, truncated or out of order", () => {
  const dir = Deno.makeTempDirSync();
  const index = new KeyIndex({ dir, held: 1000 });
  for (const k of keys) index.add(k);
  index.close();
  deepStrictEqual(files(dir), ["keys.0-1000", "keys.1000-1000", "keys.2000-1000", "keys.seen"]);
  Deno.removeSync(`${dir}/keys.0-1000`);
  Deno.truncateSync(`${dir}/keys.1000-1000`, 4000);
  Deno.writeFileSync(`${dir}/keys.2000-1000`, new Uint8Array(8000));
  const again = new KeyIndex({ dir, held: 1000, count: 3000 });
  ok(holds(again, 0, keys.length));
  again.close();
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("KeyIndex refuses a log that is too short or contains an invalid key", () => {
  const dir = Deno.makeTempDirSync();
  const index = new KeyIndex({ dir, held: 5000 });
  for (const k of keys) index.add(k);
  index.close();
  const error = { name: "InvalidData" };
  throws(() => new KeyIndex({ dir, held: 5000, count: 3001 }), {
    ...error,
    message: /has 24000 bytes, the checkpoint says 24008/,
  });
  Deno.writeFileSync(`${dir}/keys.seen`, new Uint8Array(24000).fill(0xff));
  throws(() => new KeyIndex({ dir, held: 5000, count: 3000 }), { ...error, message: /key 0 is NaN/ });
  throws(() => new KeyIndex({ dir, held: 0 }), RangeError);
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("KeyIndex resumes from its runs, and reads from the log only the keys that are in none", () => {
  const dir = Deno.makeTempDirSync();
  for (const [count, inRuns] of [[2000, 2000], [2001, 2000], [1999, 1000]]) {
    const index = new KeyIndex({ dir, held: 1000 });
    for (const k of keys) index.add(k);
    index.close();
    using log = Deno.openSync(`${dir}/keys.seen`, { write: true });
    log.writeSync(new Uint8Array(8 * inRuns)); // zeros are no keys
    const again = new KeyIndex({ dir, held: 1000, count });
    ok(holds(again, 0, count), `${count} keys`);
    again.close();
    log.seekSync(0, Deno.SeekMode.Start);
    log.writeSync(new Uint8Array(8 * (inRuns + 1)));
    if (count > inRuns) throws(() => new KeyIndex({ dir, held: 1000, count }), /key \d+ is 0/);
    for (const name of files(dir)) Deno.removeSync(`${dir}/${name}`);
  }
  Deno.removeSync(dir, { recursive: true });
});
