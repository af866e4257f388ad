/**
 * Tests what becomes of a checkpoint whose format has another version than the one that this program reads.
 *
 * @module
 */
import { nameOf } from "../../../../stages/flow/checkpoint/checkpoint_names.ts";
import { createHash } from "node:crypto";
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  checkFiles,
  openCheckpoints,
  readCheckpoint,
} from "../../../../stages/flow/checkpoint/checkpoint.ts";
import { checkpointFormat } from "../../../../stages/flow/checkpoint/checkpoint_format.ts";
import { at, temporary } from "./checkpoint_barriers.ts";

Deno.test("a checkpoint of an older or newer format is refused by name and kept, not skipped as damaged", async () => {
  await using dir = await temporary();
  const checkpoints = await openCheckpoints(dir.path);
  await checkpoints.commit(at(10));
  await checkpoints.commit(at(20));
  const path = `${dir.path}/step-000020/manifest.json`, text = Deno.readTextFileSync(path);
  const { format } = JSON.parse(text);
  strictEqual(format, checkpointFormat);
  const withFormat = (other: unknown) =>
    Deno.writeTextFileSync(path, text.replace(`"format": ${format}`, `"format": ${JSON.stringify(other)}`));
  for (
    const [other, message] of [
      [
        format + 1,
        /step-000020 has checkpoint format 2, this version reads format 1: .* newer version: update/,
      ],
      [
        format - 1,
        /step-000020 has checkpoint format 0, .* older version: use the version that .*config\.json/,
      ],
    ]
  ) {
    withFormat(other);
    const refusal = { name: "NotSupported", message };
    await rejects(checkpoints.latest(), refusal);
    await rejects(checkpoints.latest(), /, or start over with --resume never$/);
    await rejects(readCheckpoint(`${dir.path}/step-000020`), refusal);
    await rejects(checkFiles(`${dir.path}/step-000020`, ["model.safetensors"]), refusal);
  }
  for (const other of [1.5, "1", null, -1]) {
    withFormat(other);
    await rejects(readCheckpoint(`${dir.path}/step-000020`), /is not the manifest of a checkpoint/);
  }
  withFormat(format);
  deepStrictEqual((await checkpoints.latest())?.get("train"), at(20).snapshots.get("train"));
});

Deno.test("readCheckpoint() tells the size and SHA-256 of a changed file, and those that it had", async () => {
  await using dir = await temporary();
  await (await openCheckpoints(dir.path)).commit(at(10));
  const folder = `${dir.path}/step-000010`, path = `${folder}/model.safetensors`;
  const before = Deno.readFileSync(path), after = new Uint8Array([...before, 7]);
  Deno.writeFileSync(path, after);
  const shown = (bytes: Uint8Array) =>
    `${bytes.length} bytes, SHA-256 ${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}…`;
  const message = "model.safetensors is not the file that was written: " +
    `it has ${shown(after)}, expected ${shown(before)}`;
  await rejects(readCheckpoint(folder), { name: "InvalidData", message });
});

Deno.test("nameOf() names a checkpoint by a stage's step, else by the items read, with at least six digits", () => {
  const source = (out: number) => ({ state: null, counts: { in: 0, out, dropped: {} } });
  deepStrictEqual(nameOf(new Map()), { name: "items-000000", step: 0 });
  deepStrictEqual(nameOf(new Map([["docs", source(12)]])), { name: "items-000012", step: 12 });
  deepStrictEqual(nameOf(new Map<string, any>([["docs", source(12)], ["train", { state: { step: 7 } }]])), {
    name: "step-000007",
    step: 7,
  });
  deepStrictEqual(nameOf(new Map([["docs", source(1234567)]])), { name: "items-1234567", step: 1234567 });
});
