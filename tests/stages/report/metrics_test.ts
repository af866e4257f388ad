import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { lastEvent, MetricsFile, readEvents } from "../../../stages/report/metrics.ts";
import { stepEvent } from "./events.ts";

async function inFile(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/metrics.jsonl`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const checkpoint: RunEvent = { type: "checkpoint", step: 2, path: "checkpoints/step-000002", seconds: 1 };

Deno.test("MetricsFile.restore() leaves no step twice and keeps the checkpoint's own event", async () => {
  await inFile(async (path) => {
    let file = new MetricsFile(path);
    [0, 1].forEach((step) => file.append(stepEvent(step)));
    const saved = file.save();
    file.append(stepEvent(2)); // written before the checkpoint was complete
    file.append(checkpoint);
    file.append({ ...checkpoint, step: 3 });
    file.close();
    // The process is killed while writing.
    await Deno.writeTextFile(path, '{"type":"step","st', { append: true });

    file = new MetricsFile(path);
    file.restore(saved);
    file.append(stepEvent(2));
    file.close();
    deepStrictEqual(await readEvents(path), [stepEvent(0), stepEvent(1), checkpoint, stepEvent(2)]);
  });
});

Deno.test("MetricsFile.restore() empties the file for null, and continues a file that is shorter than saved", async () => {
  await inFile(async (path) => {
    const file = new MetricsFile(path);
    file.append(checkpoint);
    file.restore(null);
    file.append(stepEvent(0));
    file.restore({ bytes: 1e6 });
    file.append(stepEvent(1));
    file.close();
    deepStrictEqual(await readEvents(path), [stepEvent(0), stepEvent(1)]);
  });
});

Deno.test("lastEvent() and readEvents() ignore a truncated line and a missing file", async () => {
  await inFile(async (path) => {
    strictEqual(await lastEvent(path), null);
    deepStrictEqual(await readEvents(path), []);
    await Deno.writeTextFile(path, `${JSON.stringify(stepEvent(0))}\n{"type":"do`);
    deepStrictEqual(await lastEvent(path), stepEvent(0));
    deepStrictEqual(await readEvents(path), [stepEvent(0)]);
    await Deno.writeTextFile(path, "");
    strictEqual(await lastEvent(path), null);
  });
});
