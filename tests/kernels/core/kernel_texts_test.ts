/**
 * Tests the text of every WGSL kernel: it keeps within the limits of its GPU, and does not look for NaN in
 * ways that compilers fold away.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { leastGpu, leastLimits } from "../../../kernels/core/gpu.ts";
import { dispatchesOf } from "../../../kernels/core/wgsl.ts";
import { attentionGradOp, attentionOp } from "../../../kernels/ops/attention/attention.ts";
import type { AttentionAttrs } from "../../../kernels/ops/attention/attention_sizes.ts";
import { caseGraph } from "../../../kernels/parity/run_cases.ts";
import { allKernels, type GeneratedKernel } from "./all_kernels.ts";

const sizes: Readonly<Record<string, number>> = {
  f32: 4,
  u32: 4,
  "atomic<u32>": 4,
  vec2f: 8,
  vec2u: 8,
  "vec4<f16>": 8,
  vec4f: 16,
};

/** Returns the size in bytes of a WGSL type. Throws RangeError for a type that it does not know. */
function sizeOfType(type: string): number {
  const array = /^array<(.*), (\d+)>$/.exec(type);
  if (array !== null) return Number(array[2]) * sizeOfType(array[1]);
  const size = sizes[type];
  if (size === undefined) throw new RangeError(`Unknown type ${type}`);
  return size;
}

/** Returns the bytes of workgroup memory that a kernel declares, each variable aligned to 16 bytes. */
function workgroupBytes(code: string): number {
  const types = [...code.matchAll(/var<workgroup> \w+: ([^;]+);/g)].map(([, type]) => sizeOfType(type));
  return types.reduce((sum, bytes) => sum + Math.ceil(bytes / 16) * 16, 0);
}

/** Returns what is wrong with a kernel on its GPU. */
function faults(
  { code, workgroups, bindings, used, gpu: { limits, features } }: GeneratedKernel,
): readonly string[] {
  const size = /@workgroup_size\(([\d, ]+)\)/.exec(code)![1].split(",").map(Number);
  const [x, y = 1, z = 1] = size, bytes = workgroupBytes(code);
  const declared = [...code.matchAll(/@binding\((\d+)\)/g)].map(([, i]) => Number(i));
  return [
    ...(x > limits.maxComputeWorkgroupSizeX || y > limits.maxComputeWorkgroupSizeY ||
        z > limits.maxComputeWorkgroupSizeZ || x * y * z > limits.maxComputeInvocationsPerWorkgroup
      ? [`workgroups of ${size}`]
      : []),
    ...(bytes > limits.maxComputeWorkgroupStorageSize ? [`${bytes} bytes of workgroup memory`] : []),
    ...(used > limits.maxStorageBuffersPerShaderStage ? [`${used} bindings`] : []),
    ...(declared.some((i) => i >= bindings) || new Set(declared).size < declared.length
      ? [`bindings ${declared} of ${bindings}`]
      : []),
    ...(workgroups.some((n) => n < 1 || n > limits.maxComputeWorkgroupsPerDimension || !Number.isInteger(n))
      ? [`${workgroups} workgroups`]
      : []),
    ...(/<f16>|(:|->) f16\b/.test(code) && (!features.has("shader-f16") || !/^enable f16;/.test(code))
      ? ["f16"]
      : []),
    ...(/\b(quad|subgroup)[A-Z]|subgroup_/.test(code) && !features.has("subgroups") ? ["subgroups"] : []),
  ];
}

Deno.test("every kernel keeps within the limits and features of its GPU", () => {
  const kernels = [...allKernels()];
  ok(kernels.length > 4000, `${kernels.length} kernels`);
  const wrong = kernels.flatMap((kernel) => faults(kernel).map((fault) => `${kernel.name}: ${fault}`));
  deepStrictEqual(wrong, []);
});

Deno.test("attention keeps within any limit of workgroup memory, and its tiles grow with the limit", () => {
  const word = { below: 2 ** 32 } as const, least = leastLimits.maxComputeWorkgroupStorageSize;
  for (const op of [attentionOp, attentionGradOp]) {
    for (const width of [8, 24, 64, 100]) {
      const qkv = [1, 70, 3 * width],
        out = [1, 70, width],
        tensors = op === attentionOp ? [qkv] : [qkv, out, [1, 1, 70], out];
      const [call] = caseGraph<AttentionAttrs>(op, {
        inputs: [...tensors, [2], [1]],
        attrs: { heads: 1, dropout: 0.1 },
        fill: [...tensors.map(() => "normal" as const), word, word],
      }).graph.calls;
      const bytesAt = (limit: number) => {
        const limits = { ...leastLimits, maxComputeWorkgroupStorageSize: limit };
        return dispatchesOf(op.wgsl(call, { ...leastGpu, limits })).map(({ code }) => workgroupBytes(code));
      };
      const steps = Array.from({ length: 48 }, (_, i) => least + 1024 * i), tried = new Set(steps);
      for (const limit of steps) {
        for (const bytes of bytesAt(limit)) tried.add(bytes).add(bytes - 16).add(bytes + 16);
      }
      let before: readonly number[] = [];
      for (const limit of [...tried].filter((limit) => limit >= least).sort((a, b) => a - b)) {
        const bytes = bytesAt(limit), where = `${op.name} of ${width} channels: ${bytes} bytes of ${limit}`;
        ok(bytes.every((each, i) => each <= limit && each >= (before[i] ?? 0)), where);
        before = bytes;
      }
      ok(before.some((bytes) => bytes > 0), "tiles are staged");
    }
  }
});

/**
 * Ways to look for NaN or infinity by arithmetic, which compilers fold because they may assume neither
 * exists.
 */
const folded: Readonly<Record<string, RegExp>> = {
  "a number compared with itself": /(?<![\w.\])])([a-zA-Z_][\w.]*(?:\[[^\][]*\])?) [!=]= \1(?![\w.[(])/,
  "a number minus itself": /(?<![\w.\])*/] ?)([a-zA-Z_][\w.]*(?:\[[^\][]*\])?) - \1(?![\w.[(]| [%*/])/,
  "a number times zero": /\* 0\.0\b|\b0\.0 \*/,
  "a comparison with infinity": /[<>]=? (?:f32\()?(?:3\.4\d*e\+?38|1e\+?39|0x1p\+?128)/,
  "a function of another language": /\b(?:isnan|isinf|isNaN|isFinite|any_nan)\(/,
  "a number that is neither below nor above": /!\((\w+) [<>]=? [^()]+\)/,
};

Deno.test("no kernel looks for NaN by comparing or subtracting numbers", () => {
  const found = new Set<string>();
  let count = 0;
  for (const { code, name } of allKernels()) {
    count++;
    for (const [what, pattern] of Object.entries(folded)) {
      const match = pattern.exec(code);
      if (match !== null) found.add(`${name.split(" ")[0]}: ${what}: ${match[0]}`);
    }
  }
  deepStrictEqual([...found], []);
  ok(count > 4000, `${count} kernels`);
});

Deno.test("the patterns of folded checks find each of them, and bit tests are none", () => {
  const wrong = {
    "a number compared with itself": ["x != x", "in0[i] == in0[i]", "v.x != v.x"],
    "a number minus itself": ["select(1.0, 2.0, x - x)", "in0[i] - in0[i]"],
    "a number times zero": ["x * 0.0", "0.0 * x"],
    "a comparison with infinity": ["x > 3.4e38", "x <= f32(3.4028e38)"],
    "a function of another language": ["isnan(x)", "isinf(y)"],
    "a number that is neither below nor above": ["!(norm <= 1.0)"],
  };
  for (const [what, texts] of Object.entries(wrong)) {
    for (const text of texts) ok(folded[what].test(text), `${what}: ${text}`);
  }
  for (
    const text of [
      "a.x - b.x",
      "n - m",
      "a == b",
      "(bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u",
      "x + y - yy",
    ]
  ) {
    ok(Object.values(folded).every((pattern) => !pattern.test(text)), text);
  }
  strictEqual(workgroupBytes("var<workgroup> a: array<array<vec4f, 17>, 16>;\nvar<workgroup> b: u32;"), 4368);
});
