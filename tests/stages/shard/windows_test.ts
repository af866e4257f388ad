import { deepStrictEqual, notDeepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import type { Stage } from "../../../stages/flow/stage.ts";
import { checkStage } from "../../../stages/flow/check_resume.ts";
import type { Batch, Sequence, TokenShard } from "../../../stages/items.ts";
import type { TensorFile } from "../../../stages/flow/checkpoint/checkpoint.ts";
import { batch } from "../../../stages/shard/batch.ts";
import { countSequences, windows, type WindowsOptions } from "../../../stages/shard/windows.ts";
import { tokenShards } from "../../../stages/source/token_shards.ts";
import { sharedTest } from "../../shared_data.ts";
import { beforeDeadline } from "../../deadline.ts";
import { contextWith } from "../context.ts";
import { withShards } from "./numbered_shards.ts";

function source(dir: string, extentTokens = 16) {
  return tokenShards({ globs: [`${dir}/train_*.bin`], extentTokens });
}

async function sequences(
  dir: string,
  options: WindowsOptions,
  extentTokens = 16,
  seed = 0,
): Promise<number[][]> {
  const stream = from(source(dir, extentTokens)).pipe(windows(options)).stream({ seed });
  return await Array.fromAsync(stream, ({ ids }) => [...ids]);
}

/** Returns the sequence that starts with id `start`: the ids in the test files are consecutive. */
const row = (start: number, length: number) => Array.from({ length }, (_, i) => start + i);
const at = (start: number, length: number) => ({
  ids: Uint32Array.from(row(start, length)),
  path: "numbered",
  start,
});
const sorted = (rows: number[][]) => rows.toSorted((a, b) => a[0] - b[0]);

const T4 = { seqLen: 4, vocabSize: 100 };

Deno.test("windows() with shuffle none reads all tokens in order, whatever the extents", () =>
  withShards(async (dir) => {
    const expected = Array.from({ length: 18 }, (_, i) => row(4 * i, 5)); // (50 + 23 - 1) / 4 = 18 sequences
    for (const extentTokens of [1, 3, 4, 5, 16, 1000]) {
      deepStrictEqual(await sequences(dir, { ...T4, shuffle: "none", epochs: 1 }, extentTokens), expected);
    }
    const twice = await sequences(dir, { ...T4, shuffle: "none", epochs: 2 });
    deepStrictEqual(twice, [...expected, ...expected]);
  }));

Deno.test("countSequences() is the number of sequences that windows() yields, for every order and pass", () =>
  withShards(async (dir) => {
    for (const shuffle of ["none", "windows", "shards", "all"] as const) {
      for (const seqLen of [1, 4, 7, 22, 23, 49]) { // the files have 50 and 23 tokens
        for (const [epochs, seed] of [[1, 0], [2, 0], [2, 1], [5, 2]] as const) {
          const got = await sequences(dir, { seqLen, vocabSize: 100, shuffle, epochs }, 16, seed);
          const name = `${shuffle}, ${seqLen}, ${epochs} passes, seed ${seed}`;
          strictEqual(countSequences([50, 23], { seqLen, shuffle, epochs, seed }), got.length, name);
        }
      }
    }
  }));

Deno.test("windows() shuffles within extents: each epoch has every sequence of every file once", () =>
  withShards(async (dir) => {
    const all = [...Array(12).keys()].map((i) => row(4 * i, 5)) // 12 = `⌊(50 - 1) / 4⌋`, across extents
      .concat([...Array(5).keys()].map((i) => row(50 + 4 * i, 5))); // 5 = `⌊(23 - 1) / 4⌋`
    for (const shuffle of ["windows", "shards"] as const) {
      for (const extentTokens of [1, 7, 16, 1000]) {
        const got = await sequences(dir, { ...T4, shuffle, epochs: 3 }, extentTokens);
        strictEqual(got.length, 3 * all.length);
        for (let pass = 0; pass < 3; pass++) {
          deepStrictEqual(sorted(got.slice(pass * all.length, (pass + 1) * all.length)), all);
        }
      }
    }
  }));

Deno.test("the order of windows() depends only on seed, file and epoch", () =>
  withShards(async (dir) => {
    const once = await sequences(dir, { ...T4, epochs: 2 }, 1000);
    deepStrictEqual(await sequences(dir, { ...T4, epochs: 2 }, 1000), once);
    notDeepStrictEqual(await sequences(dir, { ...T4, epochs: 2 }, 1000, 1), once);
    notDeepStrictEqual(once.slice(17), once.slice(0, 17)); // the second epoch has a different order
    await withShards(async (other) => { // the order does not depend on the folder
      deepStrictEqual(await sequences(other, { ...T4, epochs: 2 }, 1000), once);
    });
  }));

Deno.test("windows() with shuffle all shuffles all sequences together, and starts them elsewhere in later epochs", () =>
  withShards(async (dir) => {
    const options = { ...T4, shuffle: "all", epochs: 4 } as const;
    const got = await sequences(dir, options);
    deepStrictEqual(await sequences(dir, options, 3), got); // for extents of any size
    notDeepStrictEqual(await sequences(dir, options, 16, 1), got);
    const first = got.slice(0, 17);
    deepStrictEqual(
      sorted(first),
      [...Array(12).keys()].map((i) => row(4 * i, 5))
        .concat([...Array(5).keys()].map((i) => row(50 + 4 * i, 5))),
    );
    const span = 8, files = first.map(([id]) => id < 50 ? "first" : "second").slice(0, span);
    strictEqual(new Set(files).size, 2); // the files are mixed from the start
    const beginnings = new Set(got.filter(([id]) => id < 50).map(([id]) => id % 4));
    strictEqual(beginnings.size > 1, true);
    got.forEach((ids) => deepStrictEqual(ids, row(ids[0], 5)));
  }));

Deno.test("windows() gives the file and position of each sequence", () =>
  withShards(async (dir) => {
    for (const shuffle of ["none", "windows", "shards", "all"] as const) {
      for await (
        const { ids, path, start } of from(source(dir)).pipe(windows({ ...T4, shuffle, epochs: 2 })).stream()
      ) {
        const begin = path.endsWith("train_000001.bin") ? 50 + start : start;
        // A sequence that starts in the first file and ends in the second is reported at the start of the
        // second.
        strictEqual(ids[0], ids[0] < 50 && begin === 50 ? 48 : begin);
      }
    }
  }));

Deno.test("windows() yields the sequences of an extent before its input goes on, in the orders that need no more", () =>
  withShards(async (dir) => {
    const extents: TokenShard[] = await Array.fromAsync(from(source(dir)).stream());
    for (const shuffle of ["none", "windows"] as const) {
      const first = Promise.withResolvers<void>();
      const waiting = asSource("extents", async function* () {
        yield extents[0];
        await first.promise;
        yield* extents.slice(1);
      });
      const all = Array.fromAsync(
        from(waiting).pipe(windows({ ...T4, shuffle, epochs: 1 })).stream(),
        (sequence) => (first.resolve(), sequence),
      );
      strictEqual((await beforeDeadline(all, 10_000)).length, shuffle === "none" ? 18 : 17);
    }
  }));

Deno.test("batch() saves the sequences that it holds as a matrix [sequences, T + 1]", async () => {
  const stage: Stage<Sequence, Batch, any> = batch({ batchSize: 3, gradAccum: 1, seqLen: 4 });
  const context = contextWith(), state = stage.open(context, undefined);
  for (const start of [0, 4]) await stage.push!(at(start, 5), state, context);
  const { tensors } = (stage.save!(state) as { held: TensorFile }).held;
  deepStrictEqual(tensors.held.shape, [2, 5]);
  deepStrictEqual([...tensors.held.data], [...row(0, 5), ...row(4, 5)]);
});

Deno.test("windows() has no total unless it counts first", () =>
  withShards(async (dir) => {
    for await (const sequence of from(source(dir)).pipe(windows({ ...T4, epochs: 2 })).stream()) {
      strictEqual(sequence.total, undefined);
    }
  }));

Deno.test("windows() without epochs is endless", () =>
  withShards(async (dir) => {
    let seen = 0;
    for await (const { ids } of from(source(dir)).pipe(windows(T4)).stream()) {
      strictEqual(ids.length, 5);
      if (++seen === 100) break;
    }
    strictEqual(seen, 100);
  }));

Deno.test("windows() with counted gives each sequence the number in all epochs, and batch() that of batches", () =>
  withShards(async (dir) => {
    for (const shuffle of ["none", "windows", "shards", "all"] as const) {
      for (const epochs of [1, 3]) {
        const options = { ...T4, shuffle, epochs, counted: true };
        const counted: Sequence[] = await Array.fromAsync(from(source(dir)).pipe(windows(options)).stream());
        deepStrictEqual([...new Set(counted.map(({ total }) => total))], [counted.length], shuffle);
        if (shuffle === "none" || shuffle === "windows") { // the order stays the same
          const streamed = await sequences(dir, { ...options, counted: false });
          deepStrictEqual(counted.map(({ ids }) => [...ids]), streamed, shuffle);
        }
        const batches = await Array.fromAsync(
          from(source(dir)).pipe(windows(options)).pipe(batch({ batchSize: 4, gradAccum: 1, seqLen: 4 }))
            .stream(),
        );
        deepStrictEqual([...new Set(batches.map(({ total }) => total))], [batches.length], shuffle);
      }
    }
  }));

Deno.test("windows() and batch() resume exactly", () =>
  withShards(async (dir) => {
    const extents: TokenShard[] = await Array.fromAsync(from(source(dir)).stream());
    for (const shuffle of ["none", "windows", "shards", "all"] as const) {
      for (const counted of [false, true]) {
        await checkStage(() => windows({ ...T4, shuffle, epochs: 2, counted }), extents);
      }
    }
    const some = Array.from({ length: 11 }, (_, i) => at(i, 5));
    await checkStage(() => batch({ batchSize: 2, gradAccum: 2, seqLen: 4 }), some);
  }));

Deno.test("windows() reads nanoGPT's headerless files", () =>
  withShards(async (dir) => {
    const raw = tokenShards({ globs: [`${dir}/raw.bin`], format: "nanogpt", extentTokens: 6 });
    const got = await Array.fromAsync(
      from(raw).pipe(windows({ ...T4, shuffle: "none", epochs: 1 })).stream(),
    );
    deepStrictEqual(got.map(({ ids }) => [...ids]), [73, 77, 81, 85].map((start) => row(start, 5)));
  }));

Deno.test("windows() refuses tokens beyond the vocabulary with file and position", () =>
  withShards(async (dir) => {
    await rejects(
      sequences(dir, { seqLen: 4, vocabSize: 60, epochs: 1 }),
      /train_000001\.bin: token 10 has id 60, beyond the vocabulary of 60/,
    );
  }));

Deno.test("windows() says that the tokens are too few for one sequence", () =>
  withShards(async (dir) => {
    await rejects(
      sequences(dir, { seqLen: 50, vocabSize: 100 }),
      /73 training tokens in 2 files, expected at least 51/,
    );
    const [only] = await sequences(dir, { seqLen: 72, vocabSize: 100, shuffle: "none", epochs: 1 });
    deepStrictEqual(only, row(0, 73));
    throws(() => windows({ seqLen: 0, vocabSize: 9 }), /seqLen is 0/);
  }));

Deno.test("batch() lays sequences out as [A, B, T], with targets one token later", async () => {
  const stage = batch({ batchSize: 2, gradAccum: 2, seqLen: 3 });
  const items = Array.from({ length: 9 }, (_, i) => at(10 * i, 4));
  const list = { name: "list", open: () => null, read: () => items };
  const batches = await Array.fromAsync(from(list).pipe(stage).stream());
  strictEqual(batches.length, 2); // the ninth sequence is dropped
  deepStrictEqual(batches[1].shape, [2, 2, 3]);
  deepStrictEqual([...batches[1].inputs], [40, 41, 42, 50, 51, 52, 60, 61, 62, 70, 71, 72]);
  deepStrictEqual(
    batches[1].origins,
    [40, 50, 60, 70].map((start) => ({ path: "numbered", start, count: 3 })),
  );
  deepStrictEqual([...batches[1].targets], [...batches[1].inputs].map((id) => id + 1));
});

Deno.test("batch() refuses too few sequences and sequences of another length", async () => {
  const list = (items: Sequence[]) => ({ name: "list", open: () => null, read: () => items });
  const run = (items: Sequence[]) =>
    from(list(items)).pipe(batch({ batchSize: 2, gradAccum: 1, seqLen: 3 })).run();
  await rejects(run([at(0, 4)]), /the input has 1 sequences, a step takes 2/);
  await rejects(run([at(0, 3)]), /sequence of 3 tokens: expected 4/);
  throws(() => batch({ batchSize: 0, gradAccum: 1, seqLen: 3 }), /batchSize is 0/);
});

sharedTest("the golden shard comes in batches that start at i·B·T", ["golden/tokens.bin"], async (path) => {
  const golden = tokenShards({ globs: [path("golden/tokens.bin")] });
  const [B, T] = [4, 64];
  const batches = await Array.fromAsync(
    from(golden).pipe(windows({ seqLen: T, vocabSize: 512, shuffle: "none", epochs: 1 }))
      .pipe(batch({ batchSize: B, gradAccum: 2, seqLen: T })).stream(),
  );
  strictEqual(batches.length, Math.floor(39_999 / T / B / 2));
  const tokens = new Uint16Array((await Deno.readFile(path("golden/tokens.bin"))).buffer, 1024);
  batches.forEach(({ inputs, targets }, i) => {
    const start = i * 2 * B * T;
    deepStrictEqual(inputs, Uint32Array.from(tokens.subarray(start, start + 2 * B * T)));
    deepStrictEqual(targets, Uint32Array.from(tokens.subarray(start + 1, start + 2 * B * T + 1)));
  });
});
