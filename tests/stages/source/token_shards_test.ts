import { deepStrictEqual, rejects } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { checkSource } from "../../../stages/flow/check_resume.ts";
import { tokenShards } from "../../../stages/source/token_shards.ts";
import { withShards } from "../shard/numbered_shards.ts";
import { context } from "./source_checks.ts";

function source(dir: string) {
  return tokenShards({ globs: [`${dir}/train_*.bin`], extentTokens: 16 });
}

Deno.test("tokenShards() yields the extents of all files in the order of their paths", () =>
  withShards(async (dir) => {
    const globs = [`${dir}/train_000001.bin`, `${dir}/train_*.bin`]; // the first file matches both
    const extents = await Array.fromAsync(from(tokenShards({ globs, extentTokens: 30 })).stream());
    deepStrictEqual(extents, [
      { path: `${dir}/train_000000.bin`, start: 0, count: 30 },
      { path: `${dir}/train_000000.bin`, start: 30, count: 20 },
      { path: `${dir}/train_000001.bin`, start: 0, count: 23 },
    ]);
  }));

Deno.test("tokenShards() can be stopped after any item and resumed without a difference", () =>
  withShards(async (dir) => {
    await checkSource(() => source(dir));
    await checkSource(() => tokenShards({ globs: [`${dir}/raw.bin`], format: "nanogpt", extentTokens: 6 }));
  }));

Deno.test("tokenShards() refuses invalid files with file, byte and the expected value", () =>
  withShards(async (dir) => {
    const open = (name: string, format: "llmc" | "nanogpt" = "llmc") => {
      return Array.fromAsync(from(tokenShards({ globs: [`${dir}/${name}`], format })).stream());
    };
    const whole = await Deno.readFile(`${dir}/train_000000.bin`);
    const changed = (at: number, value: number) => {
      const bytes = whole.slice();
      new DataView(bytes.buffer).setInt32(at, value, true);
      return bytes;
    };
    const cases: readonly [Uint8Array, RegExp][] = [
      [new Uint8Array(0), /x\.bin: the file is empty/],
      [whole.slice(0, 600), /x\.bin: it ends at byte 600, expected a header of 1024 bytes/],
      [
        whole.slice(0, 1100),
        /x\.bin: it ends at byte 1100, expected 1124 for its 50 tokens: it is truncated/,
      ],
      [changed(0, 20240326), /byte 0 has magic number 20240326, expected 20240520 or 20240801/],
      [changed(4, 2), /byte 4 has version 2, expected 1/],
      [changed(8, -5), /byte 8 has a count of -5/],
      [changed(8, 0x7FFFFFFF), /expected 4294968318/], // this size must not be allocated
      [changed(8, 49), /2 bytes after its 49 tokens/],
    ];
    for (const [bytes, message] of cases) {
      await Deno.writeFile(`${dir}/x.bin`, bytes);
      await rejects(open("x.bin"), message);
    }
    await Deno.writeFile(`${dir}/x.bin`, new Uint8Array(3));
    await rejects(open("x.bin", "nanogpt"), /it has 3 bytes, expected a multiple of 2 bytes per token/);
    await rejects(open("nothing_*.bin"), /nothing matches .*nothing_\*\.bin/);
  }));

Deno.test("tokenShards() refuses to resume with other files", () =>
  withShards(async (dir) => {
    const state = await source(dir).open(context());
    await Deno.remove(`${dir}/train_000001.bin`);
    await rejects(
      async () => await source(dir).open(context(), state),
      /training shard 1 was .*train_000001\.bin with 23 tokens/,
    );
  }));
