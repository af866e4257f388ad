import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import {
  LeaseHeldError,
  type LeaseLostError,
  type LeaseOptions,
  takeLease,
} from "../../../stages/disk/lease.ts";
import { beforeDeadline } from "../../deadline.ts";
import { withFolder } from "../../temporary.ts";

const PATIENCE = 60_000; // milliseconds
const fast = { renewal: 20, expiry: 1000 } as const; // milliseconds

const take = (path: string, owner: string, options: Partial<LeaseOptions> = {}) =>
  beforeDeadline(takeLease(path, { owner, ...fast, ...options }), PATIENCE);

const namesIn = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name);

Deno.test("takeLease() refuses a lease that its holder renews, and takes it after its end", () =>
  withFolder(async (dir) => {
    const path = `${dir}/lease`, waits: string[] = [];
    {
      using first = await take(path, "first");
      const refused = take(path, "second", { onWait: ({ owner }) => waits.push(owner) });
      await rejects(refused, (error) => error instanceof LeaseHeldError && error.owner === "first");
      first.check();
    }
    deepStrictEqual([waits, namesIn(dir)], [["first"], []]);
    using _second = await take(path, "second");
  }));

Deno.test("takeLease() takes the lease of a process that no longer renews it, whatever its clock says", () =>
  withFolder(async (dir) => {
    const path = `${dir}/lease`;
    await Deno.writeTextFile(path, '{"holder":"x","owner":"dead","count":7}');
    await Deno.utime(path, new Date("2199-01-01"), new Date("2199-01-01")); // a machine whose clock is ahead
    using lease = await take(path, "heir", { expiry: 100 });
    lease.check();
    for (const text of ["", "{", "[]"]) { // its holder died while it wrote
      await Deno.writeTextFile(`${dir}/broken`, text);
      using _heir = await take(`${dir}/broken`, "heir", { expiry: 100 });
    }
    await Deno.writeTextFile(`${dir}/known`, '{"holder":"x","owner":"dead","count":7}');
    const never = () => {
      throw new Error("waited for a process that has ended");
    };
    using _at_once = await take(`${dir}/known`, "heir", {
      expiry: PATIENCE,
      hasEnded: (owner) => owner === "dead",
      onWait: never,
    });
  }));

Deno.test("of several processes that wait for an expired lease, one takes it and the others are refused", () =>
  withFolder(async (dir) => {
    const path = `${dir}/lease`;
    await Deno.writeTextFile(path, '{"holder":"x","owner":"dead","count":7}');
    const ends = await Promise.allSettled(
      ["a", "b", "c", "d"].map((owner) => take(path, owner, { expiry: 300 })),
    );
    const held = ends.filter((end) => end.status === "fulfilled");
    strictEqual(held.length, 1);
    ok(ends.every((end) => end.status === "fulfilled" || end.reason instanceof LeaseHeldError));
    held[0].value.check();
    deepStrictEqual(namesIn(dir), ["lease"]);
    held[0].value[Symbol.dispose]();
    deepStrictEqual(namesIn(dir), []);
  }));

Deno.test("a holder is told once that another has taken its lease, or that the file is gone, and leaves it alone", () =>
  withFolder(async (dir) => {
    for (
      const [other, owner] of [['{"holder":"y","owner":"heir","count":0}', "heir"], [null, null]] as const
    ) {
      const path = `${dir}/${owner}`, lost: LeaseLostError[] = [];
      const told = Promise.withResolvers<void>();
      const lease = await take(path, "stopped", {
        onLost: (error) => {
          lost.push(error);
          told.resolve();
        },
      });
      if (other === null) await Deno.remove(path);
      else await Deno.writeTextFile(path, other);
      // The timer does not keep the process alive.
      const alive = setInterval(() => {}, 10);
      await beforeDeadline(told.promise, PATIENCE);
      clearInterval(alive);
      throws(() => lease.check(), { name: "LeaseLostError" });
      match(lost[0].message, owner === null ? /it was removed/ : /heir has taken it/);
      lease[Symbol.dispose]();
      strictEqual(lost.length, 1);
      if (other !== null) strictEqual(await Deno.readTextFile(path), other);
    }
  }));

Deno.test("takeLease() ends its wait when it is aborted", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/lease`, "{}");
    const stop = new AbortController();
    const waits = take(`${dir}/lease`, "late", {
      expiry: PATIENCE,
      signal: stop.signal,
      onWait: () => setTimeout(() => stop.abort(new Error("enough")), 50),
    });
    await rejects(waits, /^Error: enough$/);
  }));
