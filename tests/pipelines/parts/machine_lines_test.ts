/**
 * Tests `--dry-run --machine` on the command line: every pipeline that plans a model prints its time.
 *
 * @module
 */
import { match, ok, strictEqual } from "node:assert/strict";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { writeSafetensors } from "../../../stages/format/model/safetensors.ts";
import { doctorReport } from "../doctor/doctor_report.ts";
import { runHere, runsHere, unused, withShard } from "../in_process.ts";

const gpt2 = `fineweb-gpt2 --preset gpt2-124m --batch-size 16 --dry-run ${unused}`;
const groups = "block products|head|attention|attention grad|norms|loss|update|rest|host|step".split("|");

/** Returns the milliseconds of a row of the table. */
function millisecondsIn(out: string, row: string): number {
  const cell = new RegExp(`^ +${row} +([\\d,.]+) +[\\d.]+ %`, "m").exec(out)?.[1];
  ok(cell !== undefined, `no row ${row} in\n${out}`);
  return Number(cell.replaceAll(",", ""));
}

Deno.test("fineweb-gpt2 --dry-run --machine prints the time by op, what bounds it, tokens/s and the whole run's time", async () => {
  const { out } = await runsHere(0, `${gpt2} --machine h200`);
  match(out, /machine +h200 +\(command line\)/);
  match(
    out,
    /on NVIDIA H200 SXM: estimates, .*\n +peak +67,000 \(published\) GFLOPS f32, 4,800 \(published\) GB\/s/,
  );
  match(out, /memory +131 GiB: the plan fits/);
  const rows = groups.map((group) => millisecondsIn(out, group)), step = rows.pop()!;
  ok(Math.abs(rows.reduce((sum, row) => sum + row, 0) / step - 1) < 1e-3, `${rows} are ${step}`);
  match(out, /block products .* FLOPs 100 %\n/);
  match(out, /norms .* memory \d+ %/);
  const rate = /tokens\/s +([\d,]+), from ([\d,]+) to ([\d,]+)\n/.exec(out);
  const [tokens, low, high] = rate!.slice(1).map((text) => Number(text.replaceAll(",", "")));
  ok(Math.abs(tokens * step / 1000 / 524288 - 1) < 1e-3 && low < tokens && tokens < high, String(rate));
  match(out, /all 19,073 steps 2d\d+h, from 1d\d+h to 3d\d+h; evaluations and samples in addition\n/);
  match(out, /decode\/1 +[\d.]+ ms {2}/);
});

Deno.test("--machine picks the preset, the kernels and the packs of its GPU, whatever this machine has", async () => {
  const { out } = await runsHere(0, `fineweb-gpt2 --dry-run --machine rtx4090 ${unused}`);
  match(out, /on NVIDIA GeForce RTX 4090: estimates/);
  ok(!/preset +tiny/.test(out), out);
  const dispatches = (text: string) => Number(/^ +update +(\d+)/m.exec(text)?.[1]);
  const here = await runsHere(0, `${gpt2} --device webgpu`);
  ok(dispatches((await runsHere(0, `${gpt2} --machine h200`)).out) <= dispatches(here.out), "packs of 2 GiB");
});

Deno.test("--machine takes a doctor's report by its path, and with --device cpu prints the work alone", async () => {
  await withShard(async (dir) => {
    await Deno.writeTextFile(`${dir}/mine.json`, JSON.stringify(doctorReport));
    const train = `train --train-shards ${dir}/train.bin --vocab-size 257 --preset gpu-small --dry-run`;
    const slow = await runsHere(0, `${train} --machine ${dir}/mine.json`);
    match(
      slow.out,
      /on Test GPU, by the report of its doctor\n +peak +20,000 \(doctor\) GFLOPS f32, 800 \(doctor\) GB\/s/,
    );
    match(slow.out, /matmul: of FLOPs 50 % \(doctor\)/);
    const fast = { ...doctorReport, peak: { gflops: 80_000, gigabytes: 3200 } };
    await Deno.writeTextFile(`${dir}/fast.json`, JSON.stringify(fast));
    const { out } = await runsHere(0, `${train} --machine ${dir}/fast.json`);
    ok(millisecondsIn(out, "step") < millisecondsIn(slow.out, "step"));

    const cpu = await runsHere(0, `${train} --machine ${dir}/mine.json --device cpu`);
    match(
      cpu.out,
      /by op: .* leave --device out\n +for the times on Test GPU\n +GFLOP +share +GB\n +block products /,
    );
    ok(!/tokens\/s +[\d,]+, from/.test(cpu.out));
    const software = { ...doctorReport, machine: { ...doctorReport.machine, software: true } };
    await Deno.writeTextFile(`${dir}/mine.json`, JSON.stringify(software));
    match(
      (await runsHere(0, `${train} --machine ${dir}/mine.json`)).out,
      /on Test GPU, which computes in software: /,
    );
  });
});

Deno.test("sample and eval --dry-run --machine print the time of one run of each program", async () => {
  await withShard(async (dir) => {
    const sizes = { layers: 1, heads: 2, channels: 16, seqLen: 48, vocabSize: 257 };
    await writeSafetensors(`${dir}/model.safetensors`, initialWeights(gpt({ ...sizes, vocabPad: 1 }), 2));
    const config = { n_layer: 1, n_head: 2, n_embd: 16, n_positions: 48, vocab_size: 257 };
    await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(config));
    const model = `--checkpoint ${dir} --tokenizer byte --dry-run --machine m3-max`;
    match(
      (await runsHere(0, `sample ${model}`)).out,
      /without the read of its result \(11.5 ms\):\n[^]* decode\/1 +[\d.]+ ms {2}/,
    );
    match(
      (await runsHere(0, `eval ${model} --val-shards ${dir}/train.bin`)).out,
      /^ +eval +[\d.]+ ms {2}launches/m,
    );
  });
});

Deno.test("--machine that names no machine ends with one line and exit code 2", async () => {
  const { code, err } = await runHere("fineweb-gpt2 --dry-run --machine rtx-4091".split(" "));
  strictEqual(code, 2);
  match(
    err,
    /^error: Unknown machine "rtx-4091": expected one of h200, iris-xe, m3-max, rtx4090, .*: did you mean rtx4090\?\n$/,
  );
});
