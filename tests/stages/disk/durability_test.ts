/**
 * Cuts the power at every write, sync, rename and removal of a run, and resumes the run.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { lockFile } from "../../../stages/disk/lock_file.ts";
import { writeWhole, writeWholeSync } from "../../../stages/disk/whole_files.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { openCheckpoints } from "../../../stages/flow/checkpoint/checkpoint.ts";
import { from } from "../../../stages/flow/flow.ts";
import { type Stage, takeCheckpoint } from "../../../stages/flow/stage.ts";
import type { Document, Tokens } from "../../../stages/items.ts";
import { encodeEvent } from "../../../stages/flow/event_json.ts";
import { MetricsFile } from "../../../stages/report/metrics.ts";
import { shard } from "../../../stages/shard/shard.ts";
import { writeDocuments } from "../../../stages/sink/documents.ts";
import { at } from "../flow/checkpoint/checkpoint_barriers.ts";
import { atEveryCall } from "./power_cuts.ts";

Deno.test("checkpoints: after a power cut at any call, the last committed one or the next is there", async () => {
  let committed = 0;
  const calls = await atEveryCall(async (dir) => {
    committed = 0;
    const checkpoints = await openCheckpoints(`${dir}/checkpoints`, { keep: 1 });
    for (const step of [10, 20, 20, 30]) {
      await checkpoints.commit(at(step));
      committed = step;
    }
  }, async (dir) => {
    const found = (await (await openCheckpoints(`${dir}/checkpoints`)).latest())?.get("train")?.skip ?? 0;
    ok(found >= committed && found <= 30, `found ${found}, committed ${committed}`);
    const named = await Deno.readTextFile(`${dir}/checkpoints/latest`).catch(() => "");
    if (committed > 0) {
      ok(Number(named.match(/\d+/)) >= committed, `latest is ${named}, committed ${committed}`);
    }
  }, { all: true });
  ok(calls > 60, `${calls} calls`);
});

const documents = Array.from({ length: 9 }, (_, i): Tokens & Document => ({
  id: `document ${i}`,
  text: `text ${i}`,
  ids: Uint32Array.from({ length: 3 + i % 3 }, (_, j) => 10 * i + j),
  bytes: 7,
}));

/** Stage that takes a checkpoint after every second item, as training does. */
const trainer: Stage<unknown, unknown> = {
  name: "trainer",
  takesCheckpoints: true,
  open: (_ctx, saved = { step: 0 }) => saved,
  *push(item, state, ctx) {
    state.step++;
    ctx.emit({ type: "note", text: `step ${state.step}` });
    yield item;
    if (state.step % 2 === 0) yield takeCheckpoint;
  },
};

/** A run that writes shards, documents, metrics and checkpoints. Returns the last step that was committed. */
async function run(dir: string, onCommit: (step: number) => void): Promise<void> {
  const checkpoints = await openCheckpoints(`${dir}/checkpoints`, {
    keep: 2,
    onCommit: ({ step }) => onCommit(step),
  });
  const metrics = new MetricsFile(`${dir}/metrics.jsonl`);
  try {
    await from(asSource("documents", () => documents))
      .tee((branch) => branch.pipe(writeDocuments({ dir: `${dir}/documents`, fileBytes: 100 })))
      .pipe(
        shard({
          dir: `${dir}/shards`,
          validationTokens: 4,
          vocabSize: 300,
          shardTokens: 16,
          extentTokens: 4,
        }),
      )
      .pipe(trainer)
      .run({
        checkpoints,
        barrierEvery: 2,
        effects: { metrics },
        onEvent: (event) =>
          void (event.type === "note" && event.text.startsWith("step") && metrics.append(event)),
      });
  } finally {
    metrics.close();
  }
}

/** The content of the files that a run leaves. */
function filesIn(dir: string): Record<string, string> {
  const found: [string, string][] = [["metrics.jsonl", Deno.readTextFileSync(`${dir}/metrics.jsonl`)]];
  for (const folder of ["shards", "documents"]) {
    for (const { name } of Deno.readDirSync(`${dir}/${folder}`)) {
      found.push([`${folder}/${name}`, Deno.readFileSync(`${dir}/${folder}/${name}`).toHex()]);
    }
  }
  return Object.fromEntries(found.sort());
}

Deno.test("a run resumed after a power cut at any call leaves the bytes of the uninterrupted run", async () => {
  const uninterrupted = await Deno.makeTempDir();
  await run(uninterrupted, () => {});
  const wanted = filesIn(uninterrupted);
  let committed = 0;
  const calls = await atEveryCall(async (dir) => {
    committed = 0;
    await run(dir, (step) => committed = step);
  }, async (dir, whole) => {
    const found = (await (await openCheckpoints(`${dir}/checkpoints`)).latest())?.get("trainer")?.state ??
      { step: 0 };
    ok(
      (found as { step: number }).step >= committed,
      `found ${JSON.stringify(found)}, committed ${committed}`,
    );
    if (!whole) await run(dir, () => {});
    deepStrictEqual(filesIn(dir), wanted);
  });
  ok(calls > 100, `${calls} calls`);
  await Deno.remove(uninterrupted, { recursive: true });
});

Deno.test("writeWhole(), writeWholeSync(): after a power cut at any call, a file has its old text or its new one", async () => {
  const ways = [writeWhole, (path: string, text: string) => Promise.resolve(writeWholeSync(path, text))];
  for (const write of ways) {
    let done = 0;
    await atEveryCall(async (dir) => {
      done = 0;
      for (const text of ["the old text", "the new text"]) {
        await write(`${dir}/a`, text);
        done++;
      }
    }, async (dir) => {
      const text = await Deno.readTextFile(`${dir}/a`).catch(() => null);
      const may = [[null, "the old text"], ["the old text", "the new text"], ["the new text"]];
      ok(may[done].includes(text), `${text} after ${done} writes`);
    });
  }
});

Deno.test("lockFile(): after a power cut at any call, the lock is free", async () => {
  await atEveryCall(async (dir) => {
    await Promise.resolve();
    using _held = lockFile(`${dir}/lock`, "the first");
  }, async (dir) => {
    {
      using _held = lockFile(`${dir}/lock`, "the second");
    }
    strictEqual((await Deno.readTextFile(`${dir}/lock`)).trim(), "the second");
  });
});

Deno.test("MetricsFile: after a power cut at any call, what was saved is there", async () => {
  let saved = 0;
  await atEveryCall(async (dir) => {
    saved = 0;
    const metrics = new MetricsFile(`${dir}/metrics.jsonl`);
    for (const text of ["one", "two"]) {
      metrics.append({ type: "note", text });
      saved = metrics.save().bytes;
    }
    metrics.append({ type: "note", text: "three" });
    const all = saved + encodeEvent({ type: "note", text: "three" }).length + 1;
    await Promise.resolve(metrics.close());
    saved = all;
  }, async (dir) => {
    const size = await Deno.stat(`${dir}/metrics.jsonl`).then(({ size }) => size, () => 0);
    ok(size >= saved, `${size} bytes, saved ${saved}`);
  });
});
