/**
 * Tests Philox in WGSL and WASM against the test vectors of its authors and kernels/random/philox.ts, and the
 * dropout masks of every engine.
 *
 * @module
 */
import { deepStrictEqual, notDeepStrictEqual, ok, throws } from "node:assert/strict";
import { flat } from "../../../../kernels/core/wgsl.ts";
import { Graph, type Op, type Tensor } from "../../../../kernels/core/graph.ts";
import { philox, philox4x32 } from "../../../../kernels/random/philox.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { attention } from "../../../../kernels/ops/attention/attention.ts";
import { dropout } from "../../../../kernels/ops/dropout/dropout.ts";
import { dropoutConstants, maskOf, philoxFunctions } from "../../../../kernels/ops/dropout/dropout_mask.ts";
import { buildKernels, builds } from "../../../../kernels/wasm/build.ts";

// From Random123's file kat_vectors, for philox4x32-10.
const most = 0xffffffff;
const known = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [most, most, most, most],
    key: [most, most],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

/** Returns the counters and keys of the test vectors, followed by random ones up to a total of `count`. */
function philoxInputs(count: number): readonly { counter: readonly number[]; key: readonly number[] }[] {
  const more = Array.from({ length: count - known.length }, (_, i) => ({
    counter: philox(1, "counter", i),
    key: philox(1, "key", i).slice(0, 2),
  }));
  return [...known, ...more];
}

const inputs = philoxInputs(2048);
const answers = inputs.map(({ counter, key }) => philox4x32(counter, key));

Deno.test("philox() in WGSL gives its authors' numbers, and those of philox4x32()", async () => {
  const op: Op<null> = {
    name: "philox_alone",
    infer: ([counters]) => [{ shape: counters.shape, dtype: "u32" }],
    reference: () => [],
    wgsl: (call) => {
      const kernel = flat(
        call,
        `let c = 4u * i;
  let words = philox(vec4u(in0[c], in0[c + 1u], in0[c + 2u], in0[c + 3u]), vec2u(in1[2u * i], in1[2u * i + 1u]));
  for (var w = 0u; w < 4u; w++) { out0[c + w] = words[w]; }`,
        { count: inputs.length },
      );
      return { ...kernel, code: `${philoxFunctions}\n${kernel.code}` };
    },
    wasm: () => [],
    cases: [],
  };
  const graph = new Graph();
  const counters = graph.leaf("counters", { shape: [inputs.length, 4], dtype: "u32" }, "input");
  const keys = graph.leaf("keys", { shape: [inputs.length, 2], dtype: "u32" }, "input");
  graph.output("words", graph.call(op, [counters, keys], null)[0]);
  await using session = await (await openWebgpu()).open([compile("philox", graph)], {});
  session.write({
    counters: { shape: counters.shape, data: Uint32Array.from(inputs.flatMap((q) => q.counter)) },
    keys: { shape: keys.shape, data: Uint32Array.from(inputs.flatMap((q) => q.key)) },
  });
  await session.run(["philox"]);
  const { data } = (await session.read(["words"])).words;
  known.forEach(({ words }, i) => deepStrictEqual([...data.slice(4 * i, 4 * i + 4)], words));
  deepStrictEqual(data, Uint32Array.from(answers.flat()));
});

for (const build of Object.keys(builds).filter((name) => builds[name].source === "wasm/index.ts")) {
  Deno.test(`philox() in the source of ${build} gives its authors' numbers, and those of philox4x32()`, async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const module = await WebAssembly.compile(await buildKernels(build, "wasm/philox.ts"));
    const draw = (await WebAssembly.instantiate(module, { env: { memory } })).exports.philox;
    ok(typeof draw === "function");
    const words = new Uint32Array(memory.buffer, 0, 16);
    inputs.forEach(({ key }, i) => {
      // The lanes hold the counters of this input and of the next three, wrapping around after the last
      // input.
      for (let lane = 0; lane < 4; lane++) {
        inputs[(i + lane) % inputs.length].counter.forEach((c, w) => words[4 * w + lane] = c);
      }
      draw(0, ...key);
      for (let lane = 0; lane < 4; lane++) {
        const { counter } = inputs[(i + lane) % inputs.length];
        deepStrictEqual([0, 1, 2, 3].map((w) => words[4 * w + lane]), philox4x32(counter, key));
      }
      if (i < known.length) deepStrictEqual([0, 1, 2, 3].map((w) => words[4 * w]), known[i].words);
    });
  });
}

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: () => Promise.resolve(openReference()),
  cpu: () => openCpu({ threads: 2 }),
  webgpu: () => openWebgpu(),
};
const key = Float64Array.of(0xfedcba98, 0x89abcdef), draw = Float64Array.of(0xfffffff0);
const [batch, heads, time, rate] = [2, 2, 70, 0.3];

/** Computes the elements of `y = make(x)`, with the `key` and `draw` above. */
async function evaluate(
  engine: Engine,
  options: {
    shape: readonly number[];
    data: Float32Array;
    make(x: Tensor, key: Tensor, draw: Tensor): Tensor;
  },
): Promise<readonly number[]> {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: options.shape, dtype: "f32" }, "input");
  const keyLeaf = graph.leaf("key", { shape: [2], dtype: "u32" }, "input");
  const drawLeaf = graph.leaf("draw", { shape: [1], dtype: "u32" }, "input");
  graph.output("y", options.make(x, keyLeaf, drawLeaf));
  await using session = await engine.open([compile("mask", graph)], {});
  session.write({
    x: { shape: options.shape, data: options.data },
    key: { shape: [2], data: Uint32Array.from(key) },
    draw: { shape: [1], data: Uint32Array.from(draw) },
  });
  await session.run(["mask"]);
  return [...(await session.read(["y"])).y.data];
}

for (const [name, open] of Object.entries(engines)) {
  Deno.test(`dropout() on ${name} has the mask of maskOf(), bit for bit`, async () => {
    const n = 1003, mask = maskOf(rate, { key, draw }), { scale } = dropoutConstants(rate);
    const y = await evaluate(await open(), {
      shape: [n],
      data: new Float32Array(n).fill(1),
      make: (x, key, draw) => dropout(x, { rate, key, draw }),
    });
    deepStrictEqual(y, y.map((_, i) => mask(Math.floor(i / 4), i % 4) === 0 ? 0 : Math.fround(scale)));
  });

  Deno.test(`attention() on ${name} drops the weights of the mask of maskOf()`, async () => {
    // All scores are 0 and value `j` is the unit vector `j`, so output `i` holds the weights of query `i`.
    const width = time, channels = heads * width, data = new Float32Array(batch * time * 3 * channels);
    for (let row = 0; row < batch * time; row++) {
      for (let h = 0; h < heads; h++) data[(3 * row + 2) * channels + h * width + row % time] = 1;
    }
    const out = await evaluate(await open(), {
      shape: [batch, time, 3 * channels],
      data,
      make: (x, key, draw) => attention(x, { heads, dropout: { rate, key, draw } }),
    });
    const mask = maskOf(rate, { key, draw });
    for (let b = 0; b < batch; b++) {
      for (let h = 0; h < heads; h++) {
        for (let i = 0; i < time; i++) {
          for (let j = 0; j < time; j++) {
            const expected = j > i ? 0 : mask((b * heads + h) * time + i, j) / (i + 1);
            const actual = out[((b * time + i) * heads + h) * width + j];
            ok(
              Math.abs(actual - expected) <= 1e-6 && (actual === 0) === (expected === 0),
              `${[b, h, i, j]}: ${actual}, expected ${expected}`,
            );
          }
        }
      }
    }
  });
}

Deno.test("maskOf() drops a fraction `rate`, keeps the mean, and depends on key, draw and row", () => {
  const n = 40000;
  const mask = (key: readonly number[], draw: number, rate: number, row = 0) => {
    const at = maskOf(rate, { key: Float64Array.from(key), draw: Float64Array.of(draw) });
    return Array.from({ length: n }, (_, column) => at(row, column));
  };
  for (const rate of [0.01, 0.1, 0.5, 0.9]) {
    const m = mask([1, 2], 3, rate), dropped = m.filter((x) => x === 0).length / n;
    ok(Math.abs(dropped - rate) < 5 * Math.sqrt(rate * (1 - rate) / n), `${dropped} dropped at rate ${rate}`);
    const mean = m.reduce((a, b) => a + b) / n; // the variance of an element is `rate / (1 - rate)`
    ok(Math.abs(mean - 1) < 5 * Math.sqrt(rate / (1 - rate) / n), `mean ${mean} at rate ${rate}`);
  }
  const one = mask([1, 2], 3, 0.5);
  for (
    const other of [mask([2, 2], 3, 0.5), mask([1, 3], 3, 0.5), mask([1, 2], 4, 0.5), mask([1, 2], 3, 0.5, 1)]
  ) {
    notDeepStrictEqual(other, one);
    const both = other.filter((x, i) => x !== 0 && one[i] !== 0).length / n; // 1/4 if masks are independent
    ok(Math.abs(both - 0.25) < 5 * Math.sqrt(3 / 16 / n), `${both} are kept by both`);
  }
});

Deno.test("dropoutConstants() refuses rates that drop nothing or everything", () => {
  for (const rate of [0, 1, -0.1, 1.5, NaN]) throws(() => dropoutConstants(rate), RangeError);
  deepStrictEqual(dropoutConstants(0.5), { threshold: 2 ** 31, scale: 2 });
  deepStrictEqual([dropoutConstants(1e-12).threshold, dropoutConstants(1 - 1e-12).threshold], [
    1,
    2 ** 32 - 1,
  ]);
});
