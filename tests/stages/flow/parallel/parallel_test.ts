import { denoBeforeDeadline } from "../../../deadline.ts";
import { withFolder } from "../../../temporary.ts";
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { asSource } from "../../../../stages/flow/as_source.ts";
import type { Json, StageSnapshot } from "../../../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../../../stages/flow/events.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { checkStage } from "../../../../stages/flow/check_resume.ts";
import { MemoryCheckpoints } from "../../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { parallel } from "../../../../stages/flow/parallel/parallel.ts";
import type { Stage } from "../../../../stages/flow/stage.ts";
import { type Letter, letters, valueOf } from "./letters_group.ts";
import { pathOfUrl } from "../../../../stages/disk/paths.ts";

type Snapshots = ReadonlyMap<string, StageSnapshot>;

const module = new URL("./letters_group.ts", import.meta.url).href;
const many = Array.from({ length: 700 }, (_, value) => ({ id: `letter-${value}`, value }));

function group(name: string, workers: number, options: Json = {}): Stage<Letter, Letter> {
  return parallel({ module, group: name, options, measure: "valueOf" }, { workers });
}

function sink<T>(name: string, into: T[]): Stage<T, never> {
  return { name, open: () => null, push: (item) => (into.push(item), []) };
}

async function run(workers: number) {
  const out: unknown[] = [], removed: unknown[] = [], notes: string[] = [];
  const counts = new Map<string, unknown>();
  const checkpoints = new MemoryCheckpoints();
  await from(asSource("letters in", () => many))
    .pipe(group("letters", workers), { rejects: sink("removed", removed) })
    .pipe(sink("out", out))
    .run({
      checkpoints,
      barrierEvery: 150,
      onEvent(event: RunEvent) {
        if (event.type === "note") notes.push(event.text);
        if (event.type === "stage") counts.set(event.name, [event.in, event.out, event.dropped]);
      },
    });
  return { out, removed, notes, counts: [...counts].sort(), checkpoints: checkpoints.all };
}

Deno.test("parallel() has the same outputs, drops, events, counts and checkpoints for any number of workers", async () => {
  const inline = await run(0);
  strictEqual(inline.out.length, 560 + 187);
  deepStrictEqual(inline.removed[1], { item: many[5], reason: "five", stage: "no fives" });
  deepStrictEqual(inline.notes, ["seven is letter-7"]);
  deepStrictEqual(inline.counts.find(([name]) => name === "no fives"), ["no fives", [700, 560, {
    five: 140,
  }]]);
  deepStrictEqual(inline.counts.find(([name]) => name === "letters"), undefined);
  for (const workers of [1, 2, 3, 4]) deepStrictEqual(await run(workers), inline, `${workers} workers`);
});

Deno.test("parallel() has the events, drops and checkpoints of its stages one by one, and resumes from these", async () => {
  const whole = await runWith(null);
  deepStrictEqual(whole.events.map(([name]) => name), [
    "letters in",
    "checked",
    "no fives",
    "doubled",
    "late",
    "out",
  ]);
  strictEqual(whole.checkpoints.length, 5);
  for (const workers of [0, 1, 3]) deepStrictEqual(await runWith(workers), whole, `${workers} workers`);
  const begin = whole.checkpoints[1];
  for (const workers of [null, 0, 3]) {
    const rest = await runWith(workers, begin);
    deepStrictEqual(rest.out, whole.out.slice(whole.out.length - 427), `${workers} workers, resumed`);
    deepStrictEqual(rest.events, whole.events, `${workers} workers, resumed`);
    deepStrictEqual(rest.notes, []);
  }
});

/**
 * Runs the group and collects its results. If `workers` is null, the stages are added to the flow one by one.
 */
async function runWith(workers: number | null, begin: Snapshots | null = null) {
  const out: unknown[] = [], removed: unknown[] = [], notes: string[] = [];
  const last = new Map<string, unknown>();
  const flow = from(asSource("letters in", () => many)), end = sink("out", out);
  const rejects = { "no fives": sink("no fives removed", removed), "checked": sink("none", removed) };
  const [checked, noFives, doubled, late] = letters({});
  const all = workers !== null
    ? flow.pipe(group("letters", workers), { rejects }).pipe(end)
    : flow.pipe(checked, { rejects: rejects.checked }).pipe(noFives, { rejects: rejects["no fives"] })
      .pipe(doubled).pipe(late).pipe(end);
  const checkpoints = new MemoryCheckpoints(begin);
  await all.run({
    checkpoints,
    barrierEvery: 150,
    measure: (item) => valueOf(item),
    onEvent(event) {
      if (event.type === "note" && !event.text.startsWith("seven")) notes.push(event.text);
      if (event.type !== "stage") return;
      const { busy: _busy, blocked: _blocked, inFlight: _inFlight, ...counts } = event;
      last.set(event.name, counts);
    },
  });
  const events = [...last];
  return {
    out,
    removed: begin === null ? removed : [],
    notes,
    events,
    checkpoints: checkpoints.all.map(sorted),
  };
}

function sorted(snapshots: Snapshots): Snapshots {
  return new Map([...snapshots].sort());
}

Deno.test("parallel() resumes exactly", async () => {
  await checkStage(() => group("letters", 2), many.slice(0, 6));
  await checkStage(() => group("letters", 0), many.slice(0, 20));
});

Deno.test("parallel() counts dropped items without a sink too", async () => {
  for (const workers of [0, 2]) {
    let dropped: unknown;
    await from(asSource("in", () => many)).pipe(group("letters", workers)).run({
      onEvent: (event) =>
        void (event.type === "stage" && event.name === "no fives" && (dropped = event.dropped)),
    });
    deepStrictEqual(dropped, { five: 140 });
  }
});

Deno.test("errors of parallel() name the stage inside and the item, and come after the outputs before it", async () => {
  const before = await run(0);
  for (const workers of [0, 1, 2, 4]) {
    const out: unknown[] = [];
    const flow = from(asSource("in", () => many)).pipe(group("letters", workers, { fail: "letter-333" }))
      .pipe(sink("out", out));
    await rejects(flow.run(), /^Error: Stage checked failed on letter-333: torn$/);
    deepStrictEqual(out, before.out.slice(0, out.length));
    strictEqual((out.at(-1) as Letter).value, 332, `${workers} workers`);
  }
});

Deno.test("parallel() refuses stages with memory or random numbers, missing exports and uncopyable items", async () => {
  const flow = (name: string, workers: number) =>
    from(asSource("in", () => many)).pipe(group(name, workers)).run();
  for (const workers of [0, 2]) {
    await rejects(flow("dice", workers), /Stage dice draws from ctx\.rng/);
    await rejects(
      flow("hoard", workers),
      /Stage hoard cannot be opened: .*has flush, so it has memory|Stage hoard has flush/,
    );
    await rejects(flow("missing", workers), /exports no function missing/);
  }
  await rejects(flow("functions", 2), /could not be cloned/);
  throws(() => group("letters", -1), /RangeError: Cannot run letters on -1 workers/);
});

Deno.test("parallel() terminates its workers when aborted during a push", async () => {
  const abort = new AbortController();
  let read = 0;
  const source = asSource("in", function* () {
    for (const item of many) {
      if (++read === 300) abort.abort(new Error("enough"));
      yield item;
    }
  });
  const run = from(source).pipe(group("endless", 2)).run({ signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 20); // the frames in flight never return
  await rejects(run, /^Error: enough$/);
  strictEqual(read < 700, true, "it read on although no result returned");
});

/** Runs a script beside this test in a process of its own, with the permission to read. */
async function runScript(name: string, args: readonly string[] = []): Promise<Deno.CommandOutput> {
  const script = new URL(name, import.meta.url).href;
  const lock = pathOfUrl(new URL("../../../../deno.lock", import.meta.url));
  const options = ["run", "--quiet", `--lock=${lock}`, "--frozen", "--no-prompt", "--allow-read"];
  return await denoBeforeDeadline({ args: [...options, script, ...args] }, 120_000);
}

// A process of its own: Deno does not stop a worker in an endless loop, which would slow down all later
// tests.
Deno.test("parallel() with a limit drops the items that take too long, and no others", async () => {
  const { code, stderr } = await runScript("./limit_run.ts");
  strictEqual(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("parallel() with a limit does not drop the item that a worker begins while a slow one is looked at", async () => {
  await withFolder(async (dir) => {
    const milliseconds = 1000, path = `${dir}/go`, { load } = Atomics;
    let looks = 0;
    Atomics.load = ((words: Int32Array, index: number) => {
      const value = load(words, index), isCount = words.length === 3 && index === 0;
      if (isCount && value === 2 && ++looks === 1) { // item 1 is seen for the first time
        for (const end = performance.now() + 1.1 * milliseconds; performance.now() < end;);
      } else if (isCount && value === 2 && looks === 2) { // and ends when it is found to be late
        Deno.writeTextFileSync(`${path}-1`, "");
        while (load(words, index) === 2);
      } else if (isCount && value === 3) Deno.writeTextFileSync(`${path}-2`, "");
      return value;
    }) as typeof load;
    const out: Letter[] = [];
    try {
      await from(asSource("letters in", () => many.slice(0, 20)))
        .pipe(parallel<Letter, Letter>({ module, group: "held", options: { path } }, {
          workers: 1,
          limit: { milliseconds, reason: "timeout" },
        }))
        .pipe(sink("out", out))
        .run({});
    } finally {
      Atomics.load = load;
    }
    ok(looks >= 2);
    deepStrictEqual(out, many.slice(0, 20));
  });
});

for (const args of [[], ["limit"]]) {
  Deno.test(`parallel() lets a process end that has left its stream open ${args}`, async () => {
    const { code, stdout, stderr } = await runScript("./abandoned_run.ts", args);
    strictEqual(code, 0, new TextDecoder().decode(stderr));
    strictEqual(new TextDecoder().decode(stdout), "letter-1\n");
  });
}
