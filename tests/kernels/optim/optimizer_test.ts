import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { Graph } from "../../../kernels/core/graph.ts";
import type { Shape } from "../../../kernels/core/tensor.ts";
import { decayedElements, parameterGroups } from "../../../kernels/optim/optimizer.ts";

const f32 = (label: string, shape: Shape) => ({ label, shape, dtype: "f32" }) as const;
const parameters = [
  f32("table", [100, 10]), // 4,096 bytes in a pack
  f32("bias", [10]), // 256
  f32("weight", [8, 8]), // 256
  f32("gain", [65]), // 512
  f32("head", [10, 10]), // 512
];
const labels = (packBytes: number) =>
  parameterGroups(parameters, { packBytes }).map((group) => group.map(({ label }) => label).join(" "));

Deno.test("parameterGroups() puts parameters that decay first and otherwise keeps their order", () => {
  deepStrictEqual(labels(Infinity), ["table weight head bias gain"]);
});

Deno.test("parameterGroups() fills packs up to packBytes, and gives a larger parameter a pack of its own", () => {
  deepStrictEqual(labels(4096), ["table", "weight head bias gain"]);
  deepStrictEqual(labels(4096 + 256), ["table weight", "head bias gain"]);
  deepStrictEqual(labels(1024), ["table", "weight head bias", "gain"]);
  deepStrictEqual(labels(1), ["table", "weight", "head", "bias", "gain"]);
  throws(() => labels(0), {
    name: "RangeError",
    message: "Cannot lay parameters into packs of 0 bytes: wanted a number above 0",
  });
  throws(() => labels(NaN), RangeError);
});

Deno.test("parameterGroups() puts separate parameters last, in packs of their own", () => {
  const separate = ({ label }: { label: string }) => label === "weight" || label === "gain";
  const groups = parameterGroups(parameters, { packBytes: Infinity, separate });
  deepStrictEqual(groups.map((g) => g.map((p) => p.label)), [["table", "head", "bias"], ["weight", "gain"]]);
});

Deno.test("decayedElements() ends before the first member that does not decay", () => {
  const of = (names: readonly string[]) => {
    const specs = names.map((name) => parameters.find(({ label }) => label === name)!);
    return decayedElements(new Graph().pack("p", specs, "parameter"));
  };
  strictEqual(of(["weight", "head", "bias", "gain"]), 64 + 128);
  strictEqual(of(["weight"]), 64);
  strictEqual(of(["bias", "gain"]), 0);
});
