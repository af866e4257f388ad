/** Tests that the last update is safe before anything that takes long is computed from it. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { saveTokenizer } from "../../../stages/token/files/folder.ts";
import { minute, withShard } from "../in_process.ts";
import { killedAt } from "../kill.ts";
import { eventsOf, runsTo, start } from "../program.ts";

Deno.test("a run killed in the HellaSwag round after its last step has that step's checkpoint, and resumes at the round", async () => {
  await withShard(async (dir) => {
    const item = { ctx: "a cat sat on", label: 1, endings: [" a mat", " a sea", " a sky", " an idea"] };
    await Deno.writeTextFile(`${dir}/items.jsonl`, `${JSON.stringify(item)}\n`.repeat(3000));
    await saveTokenizer(byteTokenizer(), { dir: `${dir}/tokenizer` });
    await Deno.mkdir(`${dir}/run`);
    const args = [
      ..."train --hellaswag-every 100 --steps 6 --checkpoint-every 100 --json".split(" "),
      ...minute.replace("--quiet", "").trim().split(" "),
      ...["--train-shards", `${dir}/train.bin`, "--hellaswag", `${dir}/items.jsonl`, "--out", `${dir}/run`],
    ];
    const process = start(args);
    ok(await killedAt('"type":"checkpoint","step":6', { process, out: `${dir}/run` }), "it was not killed");
    const typesOf = async () => (await eventsOf(`${dir}/run`)).map((event) => event.type);
    ok(!(await typesOf()).includes("hellaswag"), "the round had ended before the checkpoint was there");
    deepStrictEqual([...Deno.readDirSync(`${dir}/run/checkpoints`)].map(({ name }) => name).sort(), [
      "latest",
      "step-000006",
    ]);
    await Deno.writeTextFile(`${dir}/items.jsonl`, `${JSON.stringify(item)}\n`); // a short round
    await runsTo(0, ["train", "--out", `${dir}/run`, "--quiet", "--workers", "1"]);
    const types = await typesOf();
    strictEqual(types.filter((type) => type === "step").length, 6);
    strictEqual(types.filter((type) => type === "hellaswag").length, 1);
  });
});
