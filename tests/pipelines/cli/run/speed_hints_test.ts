import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  avx2Of,
  type SpeedFacts,
  speedFacts,
  speedHints,
  speedups,
} from "../../../../pipelines/cli/run/speed_hints.ts";
import { blasTest } from "../../../blas.ts";
import { run, small, task, withDeno, withFolder } from "../../program.ts";

const blas = "/usr/lib/libopenblas.so.0";
const facts: SpeedFacts = {
  engine: "cpu",
  device: "WASM SIMD, 2 threads",
  os: "linux",
  arch: "x86_64",
  native: false,
  fast: false,
  blas: null,
  avx2: true,
  values: { blas: "auto", source: ["embedded"], quiet: false, json: false },
  work: "training",
  typed: "train --steps 3",
};
const values = (more: Record<string, unknown>) => ({ values: { ...facts.values, ...more } });

/** Returns the tasks that the hints propose. */
function tasks(change: Partial<SpeedFacts>): string[] {
  return speedHints({ ...facts, ...change }).map((hint) =>
    /: deno task (native|fast) train --steps 3$/.exec(hint)?.[1] ?? hint
  );
}

const cases: readonly (readonly [what: string, change: Partial<SpeedFacts>, tasks: readonly string[]])[] = [
  ["no BLAS, AVX2", {}, ["native", "fast"]],
  ["no BLAS, unknown processor", { avx2: null }, ["native", "fast"]],
  ["no BLAS, no AVX2", { avx2: false }, ["native"]],
  ["no BLAS, ARM", { arch: "aarch64", avx2: null }, ["native"]],
  ["BLAS", { blas }, ["native"]],
  ["BLAS, but --blas off", { blas, ...values({ blas: "off" }) }, ["fast"]],
  ["--blas off, no AVX2", { avx2: false, ...values({ blas: "off" }) }, []],
  ["https", values({ source: ["embedded", "https://example.com/a.txt"] }), ["native"]],
  ["http, in capitals", values({ source: ["HTTP://example.com/a.txt"] }), ["native"]],
  ["hf", values({ source: ["hf:a/b*2"] }), ["native"]],
  ["s3", values({ source: ["s3://bucket/key"] }), ["native"]],
  ["a model from the network", values({ initFrom: "hf:a/b" }), ["native"]],
  ["standard input", values({ source: ["-"] }), ["native"]],
  ["a file whose name only contains https", values({ source: ["texts/https:a.txt"] }), ["native", "fast"]],
  ["native", { native: true, blas }, []],
  ["native, without a BLAS", { native: true }, []],
  ["fast", { fast: true, blas }, []],
  ["a GPU", { engine: "webgpu", blas }, []],
  ["quiet", { blas, ...values({ quiet: true }) }, []],
  ["json", { blas, ...values({ json: true }) }, []],
];

Deno.test("speedHints() proposes what is faster, and fast never for text from the network", () => {
  for (const [what, change, wanted] of cases) deepStrictEqual(tasks(change), wanted, what);
});

Deno.test("speedHints() proposes no BLAS for quantised weights, which it does not multiply", () => {
  const blas = "/usr/lib/libopenblas.so.0", work = "sampling" as const;
  const given = (values: Readonly<Record<string, unknown>>) =>
    speedHints({ ...facts, blas, work, values: { ...facts.values, checkpoint: "a.gguf", ...values } })
      .some((hint) => hint.includes("native"));
  deepStrictEqual(
    [
      given({ weights: "stored" }),
      given({ weights: "f32" }),
      given({ weights: "stored", checkpoint: "runs/a" }),
    ],
    [false, true, true],
  );
});

Deno.test("speedHints() is conditional on what cannot be seen, and warns of fast", () => {
  const [native, fast] = speedHints({ ...facts, avx2: null });
  match(
    native,
    /^With OpenBLAS installed \(libopenblas0 on Debian\), training would be 2\.5 to 4 times as fast: /,
  );
  match(
    fast,
    /^If this processor has AVX2, training would be 2 to 2\.1 times as fast with WASM's bounds checks off/,
  );
  match(fast, /only on text that you trust/);
  match(
    speedHints({ ...facts, blas })[0],
    /^Training would be 2\.5 to 4 times .* \(\/usr\/lib\/libopenblas\.so\.0\): /,
  );
  const device = "WASM SIMD and OpenBLAS 0.3.21 (Prescott), 2 threads";
  deepStrictEqual(speedHints({ ...facts, native: true, blas, device }), [
    "OpenBLAS does not know this processor, which makes training slow; if it has AVX2 (for AVX-512: SkylakeX), type: OPENBLAS_CORETYPE=Haswell deno task native train --steps 3",
  ]);
  deepStrictEqual(tasks({ native: true, blas, device, avx2: false }), []);
  match(
    speedHints({ ...facts, blas, os: "darwin" })[0],
    /faster \(by how much has not been measured on macOS\)/,
  );
  match(
    speedHints({ ...facts, blas, work: "sampling" })[0],
    /^Sampling would be faster \(training: 2\.5 to 4 times/,
  );
});

Deno.test("the speedups are those of bench/README.md", async () => {
  const readme = await Deno.readTextFile(new URL("../../../../bench/README.md", import.meta.url));
  const rows = [...readme.matchAll(/^\| [^|]+\| ([\d,]+) \([^|]+\| ([\d,]+) \([^|]+\| ([\d,]+) \(/gm)]
    .map((row) => row.slice(1).map((number) => Number(number.replaceAll(",", ""))));
  strictEqual(rows.length, 3);
  for (const [task, column] of [["fast", 1], ["native", 2]] as const) {
    const factors = rows.map((row) => row[column] / row[0]);
    const [least, most] = speedups[task];
    ok(Math.abs(Math.min(...factors) - least) < 0.06, `${task}: ${factors}`);
    ok(Math.abs(Math.max(...factors) - most) < 0.06, `${task}: ${factors}`);
  }
});

Deno.test("avx2Of() reads the flags of /proc/cpuinfo", () => {
  strictEqual(avx2Of("processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 bmi1\n"), true);
  strictEqual(avx2Of("processor\t: 0\nflags\t\t: fpu sse4_2 avx avx20\n"), false);
  strictEqual(avx2Of("processor\t: 0\nmodel name\t: avx2\n"), false);
  strictEqual(avx2Of(null), null);
});

blasTest(
  "a run whose OpenBLAS does not know the processor says what to type, and that ends the hint",
  () =>
    withFolder(async (dir) => {
      const args = ["fineweb-gpt2", ...small, "--stages", "none", "--steps", "1", "--device", "cpu"];
      const native = async (core: string, out: string) => {
        const { code, stderr } = await new Deno.Command(Deno.execPath(), {
          args: [...task.slice(0, -1), "--allow-ffi", task.at(-1)!, ...args, "--out", `${dir}/${out}`],
          env: { NO_COLOR: "1", OPENBLAS_CORETYPE: core },
        }).output();
        strictEqual(code, 0);
        return withDeno(new TextDecoder().decode(stderr)).split("\n").slice(1, 3);
      };
      const [device, hint] = await native("Prescott", "a");
      if (!device.includes("OpenBLAS")) return; // Accelerate, which needs no advice
      match(device, /\(Prescott\)/);
      const advised = /type: OPENBLAS_CORETYPE=(\w+) deno task native fineweb-gpt2 /.exec(hint)?.[1];
      strictEqual(advised, "Haswell", hint);
      const [faster, nothing] = await native(advised, "b");
      match(faster, /\(Haswell\)/);
      ok(!nothing.includes("OPENBLAS_CORETYPE"), nothing);
    }),
);

Deno.test("a run on the CPU begins with the hints for this machine, and --quiet shows none", () =>
  withFolder(async (dir) => {
    const args = [
      "fineweb-gpt2",
      ...small,
      "--stages",
      "none",
      "--steps",
      "1",
      "--device",
      "cpu",
      "--blas",
      "auto",
    ];
    const { code, err } = await run([...args, "--out", `${dir}/run`]);
    strictEqual(code, 0, err);
    const here = speedFacts({
      engine: "cpu",
      device: facts.device,
      values: facts.values,
      work: "training",
      typed: "",
    });
    const [hint] = speedHints({
      ...here,
      native: false,
      fast: false,
      typed: `${args.join(" ")} --out ${dir}/run`,
    });
    const lines = err.split("\n");
    match(lines[1], /^device cpu: /);
    strictEqual(lines[2], hint);
    const quiet = await run([...args, "--out", `${dir}/quiet`, "--quiet"]);
    strictEqual(quiet.err, "");
    const nothing = await run([
      "fineweb",
      "--stages",
      "none",
      "--source",
      `${dir}/run/config.json`,
      "--out",
      `${dir}/no`,
    ]);
    ok(!/deno task (native|fast)/.test(nothing.err), nothing.err);
  }));
