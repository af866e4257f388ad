/**
 * Tests `eval` on the command line.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { sharedTest } from "../shared_data.ts";
import { errorLine, eventsOf, runsTo, withFolder } from "./program.ts";

sharedTest(
  "eval evaluates a model on shards and HellaSwag, and refuses missing files",
  ["golden/gpt.bin", "golden/tokens.bin", "tasks/hellaswag_200.jsonl"],
  async (path) => {
    await withFolder(async (dir) => {
      const model = [
        "eval",
        "--checkpoint",
        path("golden/gpt.bin"),
        "--tokenizer",
        "byte",
        "--out",
        `${dir}/out`,
      ];
      const shards = ["--val-shards", path("golden/tokens.bin"), "--eval-batches", "3"];
      const items = ["--hellaswag", path("tasks/hellaswag_200.jsonl"), "--hellaswag-items", "40"];
      match(errorLine(await runsTo(2, model)), /Nothing to evaluate/);
      match(errorLine(await runsTo(2, [...model, "--hellaswag", "no/such"])), /no\/such/);
      const { out } = await runsTo(0, [...model, ...shards, ...items]);
      match(out, /Validation loss \d\.\d{4} nats per token, perplexity \d+/);
      match(out, /of 40 items \(chance: 25 %\)/);
      const found = (await eventsOf(`${dir}/out`)).filter(({ type }) =>
        type === "eval" || type === "hellaswag"
      );
      deepStrictEqual(found.map(({ type }) => type), ["eval", "hellaswag"]);
      // The loss of an untrained model with 512 tokens is about ln 512 = 6.24 nats.
      ok(found[0].valLoss > 6 && found[0].valLoss < 7, JSON.stringify(found));
      strictEqual(found[1].items, 40);
      match((await runsTo(0, [...model, ...shards, ...items])).out, /is finished/);
    });
  },
);
