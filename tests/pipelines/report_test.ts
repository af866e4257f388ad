/**
 * Tests the pipeline `report`, and the inspect events and TensorBoard file of a training run.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { bytesOfTokens } from "../../stages/format/tokens/token_file.ts";
import { errorLine, eventsOf, runsTo, withFolder } from "./program.ts";

Deno.test("report writes the page of one run and of several; training writes inspect events and a TensorBoard file", async () => {
  await withFolder(async (dir) => {
    const tokens = Uint32Array.from({ length: 5000 }, (_, i) => (i * i) % 31);
    await Deno.writeFile(`${dir}/train.bin`, bytesOfTokens(tokens, 2));
    const args = [
      ..."train --shard-format nanogpt --vocab-size 31 --layers 1 --heads 2 --channels 16 --seq-len 16".split(
        " ",
      ),
      ..."--batch-size 4 --steps 12 --inspect-every 5 --tensorboard".split(" "),
      ...["--train-shards", `${dir}/train.bin`],
    ];
    for (const seed of ["1", "2"]) await runsTo(0, [...args, "--seed", seed, "--out", `${dir}/run${seed}`]);
    const inspections = (await eventsOf(`${dir}/run1`)).filter(({ type }) => type === "inspect");
    deepStrictEqual(inspections.map(({ step }) => step), [5, 10, 12]);
    const file = await Deno.readFile(`${dir}/run1/tensorboard/events.out.tfevents.0.run`);
    ok(file.length > 1000);

    const both = await runsTo(0, ["report", `${dir}/run1`, `${dir}/run2`, "--out", `${dir}/both`]);
    match(both.out, /both\/report\.html/);
    const page = await Deno.readTextFile(`${dir}/both/report.html`);
    const { others, compared } = JSON.parse(/<script id="run"[^>]*>(.*?)<\/script>/s.exec(page)?.[1] ?? "");
    strictEqual(others[0].name, "run2");
    deepStrictEqual(compared.map(({ layers }: { layers: number }) => layers), [1, 1]);
    await runsTo(0, ["report", "--runs", `${dir}/run1`, "--out", `${dir}/one`]);
    match(errorLine(await runsTo(2, ["report"])), /No run to report on/);
    match(errorLine(await runsTo(2, ["report", `${dir}/none`])), /no metrics\.jsonl/);
  });
});
