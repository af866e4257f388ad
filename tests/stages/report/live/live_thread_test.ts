import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { encodeEvent } from "../../../../stages/flow/event_json.ts";
import { LiveThread } from "../../../../stages/report/live/live_thread.ts";
import type { RunAction } from "../../../../stages/report/live/serve_runs.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { withFolder } from "../../../temporary.ts";
import { stepEvent } from "../events.ts";
import { Reader } from "./sse.ts";

Deno.test("LiveThread serves each run once it has begun, and its buttons act on the one that goes on", () =>
  withFolder(async (dir) => {
    const runs = ["first", "second"].map((name) => ({ name, folder: `${dir}/${name}` })),
      warnings: string[] = [];
    const thread = await LiveThread.start({ runs, port: 0, url: null, warn: (text) => warnings.push(text) });
    try {
      const address = thread.address ?? "", { origin } = new URL(address);
      const press = async (action: RunAction) => {
        const init = { method: "POST", headers: { origin } };
        const response = await beforeDeadline(fetch(address.replace("/?", `/${action}?`), init));
        return [response.status, (await response.text()).trim()];
      };
      const refused = [409, "The run cannot do that now: it has not begun or has ended"];
      const reader = await Reader.open(address.replace("/?", "/events?run=first&"));
      const offered = async (all: string, acts: boolean) => {
        while (true) {
          const { live } = JSON.parse((await reader.take(1, "state"))[0].data);
          if (live.all.join() === all && live.acts === acts) return;
        }
      };
      deepStrictEqual(await press("stop"), refused);
      await Deno.mkdir(runs[0].folder);
      await Deno.writeTextFile(`${runs[0].folder}/metrics.jsonl`, `${encodeEvent(stepEvent(0))}\n`);
      await reader.take(1);
      const missing = await beforeDeadline(fetch(`${address}&run=second`));
      deepStrictEqual([missing.status, await missing.text()], [404, 'There is no run called "second"\n']);

      const asked = Promise.withResolvers<RunAction>(), second = thread.of(1);
      second.show({ type: "note", text: "training a tokenizer" }); // before it has a file
      second.onAct(asked.resolve);
      await offered("first,second", true);
      match(
        await (await beforeDeadline(fetch(`${address}&run=second`))).text(),
        /"all":\["first","second"\]/,
      );
      const early = await Reader.open(address.replace("/?", "/events?run=second&"));
      match((await early.take(1, "now"))[0].data, /training a tokenizer/);
      await early.close();
      strictEqual((await press("checkpoint"))[0], 202);
      strictEqual(await beforeDeadline(asked.promise), "checkpoint");

      second.onAct(null);
      await offered("first,second", false);
      deepStrictEqual(await press("checkpoint"), refused);
      await reader.close();
    } finally {
      await beforeDeadline(thread.close());
    }
    deepStrictEqual(warnings, []);
  }));
