import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { checkStage } from "../../../stages/flow/check_resume.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import type { Stage } from "../../../stages/flow/stage.ts";
import { openLlmcShard } from "../../../stages/format/tokens/llmc_shard.ts";
import type { Tokens, TokenShard } from "../../../stages/items.ts";
import { documentsAt } from "../../../stages/shard/document_index.ts";
import { GrowingShard } from "../../../stages/shard/growing_shard.ts";
import { shard, type ShardOptions } from "../../../stages/shard/shard.ts";
import { readShardSummary } from "../../../stages/shard/summary.ts";
import { withFolder } from "../../temporary.ts";
import { contextWith } from "../context.ts";

/** Returns the documents of the given lengths in tokens; the ids of all tokens are consecutive numbers. */
function documents(...lengths: number[]): Tokens[] {
  let next = 0;
  return lengths.map((length, i) => ({
    id: `doc-${i}`,
    ids: Uint32Array.from({ length }, () => next++ % 500),
    bytes: 3 * length,
  }));
}

async function run(docs: readonly Tokens[], options: ShardOptions): Promise<TokenShard[]> {
  return await Array.fromAsync(from(list(docs)).pipe(shard(options)).stream());
}

function list<T>(
  items: readonly T[],
): { name: string; open: () => { at: number }; read: (s: { at: number }) => Iterable<T> } {
  return {
    name: "list",
    open: (_ctx?: unknown, saved: { at: number } = { at: 0 }) => saved,
    *read(state) {
      while (state.at < items.length) yield items[state.at++];
    },
  };
}

function tokens(path: string): number[] {
  const file = openLlmcShard(path);
  const ids = [...file.read(0, file.count)];
  file.close();
  return ids;
}

function names(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

function bytesIn(dir: string): Record<string, string> {
  return Object.fromEntries(names(dir).map((name) => [name, Deno.readFileSync(`${dir}/${name}`).toHex()]));
}

const SMALL = { validationTokens: 10, vocabSize: 500, shardTokens: 25, extentTokens: 10 };

Deno.test("shard() holds out the first documents for validation and passes on the others in extents", () =>
  withFolder(async (dir) => {
    const docs = documents(6, 7, 30, 4, 9);
    const extents = await run(docs, { dir, ...SMALL });
    const [first, second] = ["train_000000.bin", "train_000001.bin"].map((name) => `${dir}/${name}`);
    deepStrictEqual(extents, [
      { path: first, start: 0, count: 10 },
      { path: first, start: 10, count: 10 },
      { path: first, start: 20, count: 5 },
      { path: second, start: 0, count: 10 },
      { path: second, start: 10, count: 8 },
    ]);
    deepStrictEqual(tokens(`${dir}/val_000000.bin`), docs.slice(0, 2).flatMap(({ ids }) => [...ids]));
    deepStrictEqual([...tokens(first), ...tokens(second)], docs.slice(2).flatMap(({ ids }) => [...ids]));
    deepStrictEqual(names(dir), [
      "shards.json",
      "train_000000.bin",
      "train_000000.documents.jsonl",
      "train_000001.bin",
      "train_000001.documents.jsonl",
      "val_000000.bin",
    ]);
    const at = (path: string, start: number, count: number) => documentsAt({ path, start, count });
    // The training documents have 30, 4 and 9 tokens; the last 5 tokens of the first document are in the
    // second shard.
    const [third, fourth, fifth] = docs.slice(2).map(({ id }) => id);
    deepStrictEqual(at(first, 24, 1), [third]);
    deepStrictEqual(at(second, 6, 3), [fourth]);
    deepStrictEqual(at(second, 8, 2), [fourth, fifth]);
    deepStrictEqual(at(second, 0, 18), [third, fourth, fifth]);
    deepStrictEqual(at(`${dir}/val_000000.bin`, 0, 5), []);
    deepStrictEqual(await readShardSummary(dir), {
      vocabSize: 500,
      validation: { tokens: 13, bytes: 39, documents: 2 },
      training: { tokens: 43, bytes: 129, documents: 3 },
    });
  }));

Deno.test("shard() writes llm.c's format byte for byte", () =>
  withFolder(async (dir) => {
    await run([{ id: "a", ids: Uint32Array.of(50_256, 1, 258) }], {
      dir,
      validationTokens: 0,
      vocabSize: 50_257,
    });
    const bytes = await Deno.readFile(`${dir}/train_000000.bin`);
    strictEqual(bytes.length, 1024 + 6);
    deepStrictEqual([...new Int32Array(bytes.buffer, 0, 4)], [20240520, 1, 3, 0]);
    deepStrictEqual([...new Uint16Array(bytes.buffer, 1024)], [50_256, 1, 258]);
  }));

Deno.test("shard() writes uint32 for a vocabulary beyond 65,536", () =>
  withFolder(async (dir) => {
    const ids = Uint32Array.of(100_257, 7, 65_536);
    await run([{ id: "a", ids }], { dir, validationTokens: 0, vocabSize: 100_277 });
    strictEqual(
      new DataView((await Deno.readFile(`${dir}/train_000000.bin`)).buffer).getInt32(0, true),
      20240801,
    );
    deepStrictEqual(tokens(`${dir}/train_000000.bin`), [...ids]);
  }));

Deno.test("shard() passes on tokens that readers find on disk while the shard grows", () =>
  withFolder(async (dir) => {
    const seen: number[] = [];
    const reader: Stage<TokenShard, never> = {
      name: "reader",
      open: () => null,
      push({ path, start, count }) {
        const file = openLlmcShard(path);
        seen.push(...file.read(start, count));
        file.close();
        return [];
      },
    };
    const docs = documents(12, 12, 12, 12);
    await from(list(docs)).pipe(shard({ dir, ...SMALL, shardTokens: 1000 })).pipe(reader).run();
    deepStrictEqual(seen, docs.slice(1).flatMap(({ ids }) => [...ids]));
  }));

Deno.test("shard() resumes exactly", () =>
  withFolder((dir) => checkStage(() => shard({ dir, ...SMALL }), documents(4, 9, 3, 30, 8, 25, 7))));

Deno.test("shard() in nanoGPT's format resumes exactly and writes the same two files", () =>
  withFolder(async (dir) => {
    const options: ShardOptions = {
      dir,
      validationTokens: 10,
      vocabSize: 500,
      extentTokens: 10,
      format: "nanogpt",
    };
    const docs = documents(4, 9, 3, 30, 8, 25, 7);
    await checkStage(() => shard(options), docs);
    const checkpoints = new MemoryCheckpoints();
    await from(list(docs)).pipe(shard(options)).run({ checkpoints, barrierEvery: 1 });
    const whole = bytesIn(dir);
    deepStrictEqual(Object.keys(whole), ["shards.json", "train.bin", "train.documents.jsonl", "val.bin"]);
    deepStrictEqual([whole["val.bin"].length, whole["train.bin"].length], [4 * 13, 4 * 73]);
    for (const snapshots of checkpoints.all) {
      await from(list(docs)).pipe(shard(options)).run({ checkpoints: new MemoryCheckpoints(snapshots) });
      deepStrictEqual(bytesIn(dir), whole);
    }
    throws(() => shard({ ...options, vocabSize: 70_000 }), RangeError);
  }));

Deno.test("shard() writes int32 without headers, as Megatron has it, and resumes from any checkpoint", () =>
  withFolder(async (dir) => {
    const options = {
      dir,
      validationTokens: 10,
      vocabSize: 65_520, // below 65,536, from which on llm.c's shards are wide
      extentTokens: 10,
      format: "int32",
    } as const;
    const docs = documents(4, 9, 3, 30, 8, 25, 7).map((doc) => ({
      ...doc,
      ids: doc.ids.map((id) => id + 65_000),
    }));
    await checkStage(() => shard(options), docs);
    const checkpoints = new MemoryCheckpoints();
    await from(list(docs)).pipe(shard(options)).run({ checkpoints, barrierEvery: 1 });
    const whole = bytesIn(dir), train = Deno.readFileSync(`${dir}/train.bin`);
    deepStrictEqual([...new Int32Array(train.buffer)], docs.slice(2).flatMap(({ ids }) => [...ids]));
    for (const snapshots of checkpoints.all) {
      await from(list(docs)).pipe(shard(options)).run({ checkpoints: new MemoryCheckpoints(snapshots) });
      deepStrictEqual(bytesIn(dir), whole);
    }
  }));

Deno.test("shard() resumed from any checkpoint writes the same files", () =>
  withFolder(async (dir) => {
    const docs = documents(4, 9, 3, 30, 8, 25, 7);
    const checkpoints = new MemoryCheckpoints();
    await from(list(docs)).pipe(shard({ dir, ...SMALL })).run({ checkpoints, barrierEvery: 1 });
    const whole = bytesIn(dir);
    for (const snapshots of checkpoints.all) {
      await Deno.writeTextFile(`${dir}/train_000007.bin`, "left by a killed run");
      await from(list(docs)).pipe(shard({ dir, ...SMALL })).run({
        checkpoints: new MemoryCheckpoints(snapshots),
      });
      deepStrictEqual(bytesIn(dir), whole);
    }
  }));

Deno.test("shard() killed at any point resumes from the files on disk", () =>
  withFolder(async (dir) => {
    const docs = documents(4, 9, 3, 30, 8, 25, 7), options = { dir: `${dir}/a`, ...SMALL };
    await run(docs, options);
    const whole = bytesIn(options.dir);
    const context = contextWith();
    for (let saveAt = 0; saveAt < docs.length; saveAt++) {
      for (let killAt = saveAt; killAt <= docs.length; killAt++) {
        const stage = shard(options), state = await stage.open(context);
        let saved: unknown;
        for (let i = 0; i < killAt; i++) {
          if (i === saveAt) saved = await stage.save?.(state);
          [...stage.push(docs[i], state, context) as Iterable<TokenShard>];
        }
        // As in a killed process the stage is not closed, so its files stay partial.
        if (saveAt === killAt) saved = await stage.save?.(state);
        const again = shard(options), resumed = await again.open(context, saved);
        for (const doc of docs.slice(saveAt)) [...again.push(doc, resumed, context) as Iterable<TokenShard>];
        [...again.flush!(resumed, context) as Iterable<TokenShard>];
        await again.close?.(resumed);
        deepStrictEqual(
          bytesIn(options.dir),
          whole,
          `saved after ${saveAt}, killed after ${killAt} documents`,
        );
      }
    }
  }));

Deno.test("shard() closed before its end leaves whole files", () =>
  withFolder(async (dir) => {
    const stop: Stage<TokenShard, TokenShard, { seen: number }> = {
      name: "stop",
      open: () => ({ seen: 0 }),
      push: (item, state) => (state.seen++, [item]),
      done: (state) => state.seen === 2,
    };
    await from(list(documents(12, 12, 12, 12, 12))).pipe(shard({ dir, ...SMALL, shardTokens: 99 })).pipe(stop)
      .run();
    ok(names(dir).every((name) => !name.endsWith(".partial")));
    strictEqual(tokens(`${dir}/train_000000.bin`).length, 24);
  }));

Deno.test("shard() resumed and closed early keeps nothing that the killed run wrote after the checkpoint", () =>
  withFolder(async (dir) => {
    const docs = documents(12, 12, 12, 12, 12), options = { dir, ...SMALL, shardTokens: 99 };
    const checkpoints = new MemoryCheckpoints();
    await from(list(docs)).pipe(shard(options)).run({ checkpoints, barrierEvery: 1 });
    const snapshots = checkpoints.all.find((snapshot) =>
      JSON.stringify(snapshot.get("shard")?.state).includes('"written":12')
    );
    ok(snapshots !== undefined);
    const rest = new MemoryCheckpoints(new Map([...snapshots].filter(([name]) => name === "shard")));
    await from(list(docs.slice(2, 3))).pipe(shard(options)).run({ checkpoints: rest });
    deepStrictEqual(tokens(`${dir}/train_000000.bin`), docs.slice(1, 3).flatMap(({ ids }) => [...ids]));
  }));

Deno.test("shard() without a saved state replaces the shards of an earlier run and nothing else", () =>
  withFolder(async (dir) => {
    for (
      const name of [
        "train_000009.bin",
        "train_000009.documents.jsonl",
        "val_000000.bin.partial",
        "fineweb_train_000001.bin",
        "notes.txt",
      ]
    ) {
      await Deno.writeTextFile(`${dir}/${name}`, "old");
    }
    await run(documents(12, 12), { dir, ...SMALL });
    deepStrictEqual(names(dir), [
      "fineweb_train_000001.bin",
      "notes.txt",
      "shards.json",
      "train_000000.bin",
      "train_000000.documents.jsonl",
      "val_000000.bin",
    ]);
  }));

Deno.test("shard() says that nothing is left to train on", () =>
  withFolder(async (dir) => {
    await rejects(
      run(documents(300), { dir, ...SMALL }),
      /nothing is left of 1 document \(300 tokens\).*give more text or --val-tokens 30 in place of 10/,
    );
    await rejects(run([], { dir, ...SMALL }), /there are no documents/);
  }));

Deno.test("shard() holds out the documents that are marked, and records the identity of their text", () =>
  withFolder(async (dir) => {
    const docs = documents(6, 7, 30, 4).map((doc, i) => i < 2 ? { ...doc, heldOut: `digest ${i}` } : doc);
    const { validationTokens: _, ...options } = SMALL;
    await run(docs, { dir, ...options });
    deepStrictEqual(tokens(`${dir}/val_000000.bin`), docs.slice(0, 2).flatMap(({ ids }) => [...ids]));
    deepStrictEqual((await readShardSummary(dir))?.validation, {
      tokens: 13,
      bytes: 39,
      documents: 2,
      sha256: "digest 1",
    });
    await checkStage(() => shard({ dir, ...options }), docs);
    await rejects(run(docs.slice(0, 2), { dir, ...options }), /all of the text \(39 bytes\) is held out/);
  }));

Deno.test("shard() refuses ids beyond the vocabulary, and options out of range", () =>
  withFolder(async (dir) => {
    const bad = [{ id: "doc-7", ids: Uint32Array.of(1, 500) }];
    await rejects(
      run(bad, { dir, ...SMALL }),
      /token 2 of doc-7: its id 500 is beyond the vocabulary of 500/,
    );
    throws(() => shard({ dir, ...SMALL, shardTokens: 0 }), /shardTokens is 0/);
    throws(() => shard({ dir, ...SMALL, validationTokens: -1 }), RangeError);
  }));

Deno.test("shard() refuses to resume a file that is shorter than the checkpoint says", () =>
  withFolder(async (dir) => {
    const docs = documents(12, 12, 12);
    const checkpoints = new MemoryCheckpoints();
    await from(list(docs)).pipe(shard({ dir, ...SMALL })).run({ checkpoints, barrierEvery: 1 });
    await Deno.truncate(`${dir}/train_000000.bin`, 1030);
    const snapshots = checkpoints.all.at(-2) ?? null;
    await rejects(
      from(list(docs)).pipe(shard({ dir, ...SMALL })).run({ checkpoints: new MemoryCheckpoints(snapshots) }),
      /train_000000\.bin has fewer than 12 tokens: put it back/,
    );
  }));

Deno.test("shard() refuses to resume if a shard that it has written was changed or removed", () =>
  withFolder(async (dir) => {
    const docs = documents(12, 12, 12, 12, 12, 12, 12), checkpoints = new MemoryCheckpoints();
    const run = (checkpoints: MemoryCheckpoints) =>
      from(list(docs)).pipe(shard({ dir, ...SMALL })).run({ checkpoints, barrierEvery: 1 });
    await run(checkpoints);
    const snapshots = checkpoints.all.at(-2) ?? null; // in the third shard
    const resumed = () => run(new MemoryCheckpoints(snapshots));
    for (const name of ["val_000000.bin", "train_000000.bin", "train_000001.bin", "train_000002.bin"]) {
      const path = `${dir}/${name}`, whole = await Deno.readFile(path), changed = whole.slice();
      changed[1024] ^= 1;
      await Deno.writeFile(path, changed);
      await rejects(resumed(), new RegExp(`${name} has changed since the checkpoint: put it back`));
      await Deno.remove(path);
      await rejects(resumed(), new RegExp(`${name} is missing: put it back`));
      await Deno.writeFile(path, whole);
    }
    await resumed();
  }));

Deno.test({
  name: "GrowingShard on a full disk says what to do, and is not intact afterwards",
  ignore: Deno.build.os !== "linux", // /dev/full is a full disk
  fn: () =>
    withFolder(async (dir) => {
      await Deno.symlink("/dev/full", `${dir}/a.bin.partial`);
      throws(
        () => GrowingShard.create(`${dir}/a.bin`, { width: 2 }),
        /Cannot write 1024 bytes to .*a\.bin\.partial: .*make room/,
      );
      const growing = GrowingShard.create(`${dir}/b.bin`, { width: 2 });
      growing.close();
      throws(() => growing.append(Uint32Array.of(1)), /Cannot write 2 bytes/);
      strictEqual(growing.intact, false);
    }),
});

Deno.test("readShardSummary() is null without a file and refuses a malformed one", () =>
  withFolder(async (dir) => {
    strictEqual(await readShardSummary(dir), null);
    for (const text of ["{", "{}", '{"vocabSize":3,"validation":{"tokens":-1},"training":{}}']) {
      await Deno.writeTextFile(`${dir}/shards.json`, text);
      await rejects(readShardSummary(dir), Deno.errors.InvalidData);
    }
  }));

Deno.test("shard() closed before its first extent is full leaves a whole file with all tokens", () =>
  withFolder(async (dir) => {
    const docs = documents(12, 3, 4), stage = shard({ dir, ...SMALL });
    const context = contextWith();
    const state = await stage.open(context); // nothing is saved, so no file exists yet
    for (const doc of docs) deepStrictEqual([...stage.push(doc, state, context) as Iterable<TokenShard>], []);
    await stage.close?.(state);
    deepStrictEqual(names(dir).filter((name) => name.endsWith(".partial")), []);
    deepStrictEqual(tokens(`${dir}/train_000000.bin`), docs.slice(1).flatMap(({ ids }) => [...ids]));
  }));
