/**
 * Tests `assistant` at a terminal: its live page, Ctrl-C in a phase, and the talk at its end.
 *
 * @module
 */
import { equal, match, ok } from "node:assert/strict";
import { withFolder } from "../program.ts";
import { atTerminal, hasTerminal } from "../chat/terminal.ts";
import { evenTask, smallAssistant } from "./assistant_runs.ts";

Deno.test({
  name: `assistant --ui --talk at a terminal: a page of the phases, Ctrl-C, the rest, and a talk${
    hasTerminal ? "" : " (ignored: no script of util-linux)"
  }`,
  ignore: !hasTerminal,
  fn: () =>
    withFolder(async (dir) => {
      const out = `${dir}/run`;
      const words = smallAssistant(await evenTask(dir)).map((word) =>
        word.replace("--steps 9 --batch-size 4 --checkpoint-every 3", "--steps 600 --batch-size 4")
      );
      const args = [...words, "--out", out, "--ui", "--talk"];
      await atTerminal(args, { columns: 60 }, async (terminal) => {
        const [address] = await terminal.until(/http:\/\/127\.0\.0\.1:\d+\/\?token=\w+/);
        await terminal.until(/Phase 3 of 5: sft/);
        const page = await fetch(address), text = await page.text();
        equal(page.status, 200);
        ok(["world", "base"].every((name) => text.includes(`"${name}"`)), "the page has the phases so far");
        const events = await fetch(address.replace("/?", "/events?run=base&after=0&"));
        equal(events.status, 200);
        ok(events.headers.get("content-type")?.startsWith("text/event-stream"));
        await events.body?.cancel();
        await terminal.until(/step \d+\/600/);
        await terminal.type("\x03");
        const { code, out: shown } = await terminal.ended();
        equal(code, 130, shown);
        match(shown, /To resume: /);
        ok(!shown.includes("Talking to"));
      });
      await atTerminal(args, { columns: 40 }, async (terminal) => {
        await terminal.until(/Phase [34] of 5/); // the first two have ended, and sft may have
        await terminal.until(/Talking to run.*Ctrl-D leaves/);
        await terminal.until(/> $/);
        await terminal.type("hello\r");
        await terminal.until(/\d+ of 96 tokens/);
        await terminal.until(/> $/);
        await terminal.type("\x04");
        const { code, out: shown } = await terminal.ended();
        equal(code, 0, shown);
        match(shown, /device cpu: .*chosen by --device[^]*Talking to run/);
      });
      // Typed again, a finished run is only talked to.
      await atTerminal(args, { columns: 40 }, async (terminal) => {
        await terminal.until(/is finished[^]*Talking to run/);
        await terminal.until(/> $/);
        await terminal.type("\x03");
        equal((await terminal.ended()).code, 0);
      });
    }),
});
