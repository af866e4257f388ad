import { deepStrictEqual, match, rejects } from "node:assert/strict";
import { checkCheckpointSpace } from "../../../pipelines/parts/checkpoint_space.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { freeBytes } from "../../../stages/flow/checkpoint/disk_space.ts";

Deno.test("checkCheckpointSpace() accepts enough space, warns of too little, and refuses a disk that cannot hold two checkpoints", async () => {
  const free = await freeBytes(Deno.cwd());
  if (free === null) throw new Error("The system does not say how much is free");
  const check = async (share: number, keep: number) => {
    const notes: string[] = [];
    const memory = { parameter: share * free, optimizer: 0 } as const;
    const env = {
      out: "runs/none/yet",
      emit: (event: RunEvent) => void (event.type === "note" && notes.push(event.text)),
    };
    await checkCheckpointSpace(env, { plan: { memory: { ...none, ...memory } }, keep });
    return notes;
  };
  deepStrictEqual(await check(0.01, 3), []);
  match(
    (await check(0.3, 3))[0],
    /^Checkpoints take .* MB each, 5 of them at most: .* MB are free in runs\/none\/yet$/,
  );
  match((await check(0.1, 0))[0], /all are kept/);
  await rejects(check(0.6, 3), /Cannot keep checkpoints in runs\/none\/yet: two of .* must fit.*make room/);
});

const none = {
  input: 0,
  output: 0,
  parameter: 0,
  gradient: 0,
  optimizer: 0,
  activation: 0,
  cache: 0,
  workspace: 0,
};
