/**
 * Tests that processes share HellaSwag, and that only the first needs the text of a running graph.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readEvents } from "../../../stages/report/metrics.ts";
import { installPackages } from "../../cluster.ts";
import { mpirun } from "../../mpi.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, runsNative } from "./runs.ts";

await installPackages("openmpi-bin", "mpich");

const small =
  "fineweb-gpt2 --stages none --tokenizer byte --layers 1 --heads 2 --channels 32 --seq-len 32 --batch-size 4 --steps 4 --eval-every 2 --eval-batches 1 --hellaswag-every 2 --sample-every 0 --checkpoint-every 0 --device cpu --workers 1 --blas off --quiet"
    .split(" ");

Deno.test("fineweb-gpt2 by 3 processes has the HellaSwag scores, losses and weights of one", async () => {
  await withFolder(async (dir) => {
    const sentence = (i: number) => `Line ${i} says that ${i * i} follows ${i}.\n`;
    await Deno.writeTextFile(`${dir}/text.txt`, Array.from({ length: 900 }, (_, i) => sentence(i)).join(""));
    const items = Array.from({ length: 11 }, (_, i) => ({
      ctx: `Line ${i}`,
      label: i % 4,
      endings: [0, 1, 2, 3].map((n) => `says ${"that ".repeat(n)}${i * n}`),
    }));
    await Deno.writeTextFile(`${dir}/items.jsonl`, items.map((item) => JSON.stringify(item)).join("\n"));
    const args = [...small, "--source", `${dir}/text.txt`, "--hellaswag", `${dir}/items.jsonl`];
    await runsNative([...args, "--grad-accum", "3", "--out", `${dir}/one`]);
    const scores = async (out: string) =>
      (await readEvents(`${out}/metrics.jsonl`)).filter(({ type }) => type === "hellaswag");
    const wanted = await scores(`${dir}/one`), bits = await bitsOf(`${dir}/one`);
    strictEqual(wanted.length, 2);
    for (const mpi of ["openmpi", "mpich"] as const) {
      await runsNative([...args, "--grad-accum", "1", "--out", `${dir}/${mpi}`], mpirun(mpi, 3));
      deepStrictEqual(await scores(`${dir}/${mpi}`), wanted, mpi);
      deepStrictEqual(await bitsOf(`${dir}/${mpi}`), bits, mpi);
    }
  });
});
