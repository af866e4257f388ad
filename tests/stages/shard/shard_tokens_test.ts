import { deepStrictEqual, rejects } from "node:assert/strict";
import { shardTokens } from "../../../stages/shard/shard_tokens.ts";
import { withFolder } from "../../temporary.ts";

Deno.test("shardTokens() reads ranges of files in pieces, in the given order", () =>
  withFolder(async (dir) => {
    const file = async (name: string, ids: readonly number[]) => {
      await Deno.writeFile(`${dir}/${name}`, new Uint8Array(Uint16Array.from(ids).buffer));
      return `${dir}/${name}`;
    };
    const path = await file("a.bin", Array.from({ length: 70_000 }, (_, i) => i % 1000));
    const other = await file("b.bin", [7, 8, 9]);
    const ranges = [{ path, start: 1, count: 69_000 }, { path: other, start: 0, count: 2 }];
    const pieces = await Array.fromAsync(shardTokens(ranges, { format: "nanogpt" }));
    deepStrictEqual(pieces.map(({ length }) => length), [65_536, 3464, 2]);
    deepStrictEqual([pieces[0][0], pieces[1][0], pieces[1][3463], ...pieces[2]], [1, 537, 0, 7, 8]);
    const whole = await Array.fromAsync(
      shardTokens([{ path, start: 0, count: 65_536 }], { format: "nanogpt" }),
    );
    deepStrictEqual(whole.map(({ length }) => length), [65_536]);
    await rejects(
      Array.fromAsync(shardTokens([{ ...ranges[0], path: `${dir}/c.bin` }])),
      Deno.errors.NotFound,
    );
  }));
