/** Tests items that a stage gives back because the run is stopping. @module */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { from } from "../../../stages/flow/flow.ts";
import { giveBackItem, stage } from "../../../stages/flow/stage.ts";
import { beforeDeadline } from "../../deadline.ts";

type Taken = MemoryCheckpoints["all"][number];

/** Adds numbers from 1 to 9. At `stopAt` the run is asked to stop, and the number is given back. */
async function sums(
  { stopAt, begin = null, barrierEvery }: {
    readonly stopAt?: number;
    readonly begin?: Taken | null;
    readonly barrierEvery: number;
  },
) {
  const stop = new AbortController(), checkpoints = new MemoryCheckpoints(begin), seen: number[] = [];
  const flow = from(asSource("numbers", () => [1, 2, 3, 4, 5, 6, 7, 8, 9])).pipe(
    stage({
      name: "sum",
      takesCheckpoints: true,
      open: (_ctx, saved: { total: number } = { total: 0 }) => saved,
      *push(item: number, state): Generator<number | typeof giveBackItem> {
        if (item === stopAt) {
          stop.abort();
          yield giveBackItem;
          return;
        }
        yield state.total += item;
      },
    }),
    { ahead: 2 },
  ).pipe(stage({
    name: "seen",
    open: () => null,
    *push(item: number) {
      seen.push(item);
    },
  }));
  await beforeDeadline(flow.run({ checkpoints, stop: stop.signal, barrierEvery }));
  return { seen, last: checkpoints.all.at(-1) ?? null };
}

for (const barrierEvery of [1, 2, 1000]) {
  Deno.test(`an item that is given back is the first of the resumed run, with a barrier every ${barrierEvery}`, async () => {
    const { seen: whole } = await sums({ barrierEvery });
    for (const stopAt of [1, 5, 9]) {
      const first = await sums({ stopAt, barrierEvery });
      const again = await sums({ stopAt, begin: first.last, barrierEvery }); // stops at once
      strictEqual(again.seen.length, 0);
      const rest = await sums({ begin: again.last, barrierEvery });
      deepStrictEqual([...first.seen, ...rest.seen], whole);
    }
  });
}

Deno.test("a stage cannot give back an item of a run that goes on, or without checkpoints", async () => {
  for (
    const [takes, why] of [[true, /the run is not stopping/], [false, /takesCheckpoints: true/]] as const
  ) {
    const flow = from([1]).pipe(stage({
      name: "back",
      ...(takes && { takesCheckpoints: true }),
      open: () => null,
      *push(_: number): Generator<number | typeof giveBackItem> {
        yield giveBackItem;
      },
    }));
    await rejects(beforeDeadline(flow.run()), why);
  }
});
