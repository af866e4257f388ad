import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { encodeEvent } from "../../../stages/flow/event_json.ts";
import { RunReport } from "../../../stages/run/reports.ts";
import { withFolder } from "../../temporary.ts";
import { runEvents } from "../report/events.ts";

/** Returns the ids of the dropped documents that a report shows; null if there is no report. */
async function removedIn(folder: string): Promise<readonly string[] | null> {
  const html = await Deno.readTextFile(`${folder}/report.html`).catch(() => null);
  if (html === null) return null;
  const run = JSON.parse(/<script id="run"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? "");
  return run.removed.map(({ id }: { id: string }) => id);
}

Deno.test("RunReport is written every ten seconds at most, and its last one shows all that was dropped", async () => {
  for (const end of ["finish", "fail"] as const) {
    await withFolder(async (folder) => {
      const drop = async (id: string) => {
        await Deno.mkdir(`${folder}/removed/c4`, { recursive: true });
        const row = JSON.stringify({ id, text: "t", reason: "r" });
        await Deno.writeFile(`${folder}/removed/c4/0.jsonl.gz`, gzipSync(`${row}\n`), { append: true });
      };
      await Deno.writeTextFile(
        `${folder}/metrics.jsonl`,
        runEvents(3).map((event) => `${encodeEvent(event)}\n`).join(""),
      );
      await Deno.mkdir(`${folder}/data`);
      let now = 0;
      const report = new RunReport({ removed: `${folder}/removed` }, folder, () => now);
      await drop("1");
      for (const [time, shown] of [[9_999, null], [10_000, ["1"]], [19_999, ["1"]]] as const) {
        now = time;
        report.update();
        await report.settled();
        deepStrictEqual(await removedIn(folder), shown, `${time} ms`);
      }
      await drop("2");
      await report[end]();
      deepStrictEqual((await removedIn(folder))?.toSorted(), ["1", "2"], end);
      if (end === "fail") return;
      strictEqual(JSON.parse(await Deno.readTextFile(`${folder}/data/stats.json`)).stages.length, 2);
    });
  }
});
