import { strictEqual } from "node:assert/strict";
import { TensorboardFile } from "../../../stages/report/tensorboard.ts";
import { stepEvent } from "./events.ts";

/** Returns the number of records in a file. */
function recordsOf(path: string): number {
  const bytes = Deno.readFileSync(path), view = new DataView(bytes.buffer);
  let count = 0;
  for (let at = 0; at < bytes.length; count++) at += 16 + Number(view.getBigUint64(at, true));
  return count;
}

Deno.test("TensorboardFile.restore() leaves no step twice", async () => {
  const dir = await Deno.makeTempDir(), path = `${dir}/events`;
  try {
    let file = new TensorboardFile(path);
    file.restore(null);
    file.append({ type: "note", text: "nothing to plot" });
    [0, 1].forEach((step) => file.append(stepEvent(step)));
    const saved = file.save();
    strictEqual(recordsOf(path), 3);
    file.append(stepEvent(2));
    file.close();
    Deno.writeFileSync(path, Uint8Array.of(1, 2, 3), { append: true }); // the process is killed while writing
    file = new TensorboardFile(path);
    file.restore(saved);
    file.append(stepEvent(2));
    file.append({ type: "eval", step: 3, valLoss: 4 });
    file.close();
    strictEqual(recordsOf(path), 5);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
