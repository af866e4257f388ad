/**
 * Tests that presets are complete command lines and that the GPT-2 presets agree with their sources.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { leastGpu, leastLimits } from "../../../kernels/core/gpu.ts";
import { type BufferLimits, checkLimits } from "../../../kernels/core/limits.ts";
import { pickPreset, presets } from "../../../pipelines/parts/options/presets.ts";
import { scheduleOf, stepsOf } from "../../../pipelines/parts/training_length.ts";
import { batchShape, checkMemory, trainingPlan } from "../../../pipelines/parts/training_plan.ts";
import type { Plan } from "../../../stages/model/plan.ts";
import { valuesOf } from "../cli/values.ts";

const gpt2s = ["gpt2-124m", "gpt2-355m", "gpt2-774m", "gpt2-1558m"];
const GIB = 2 ** 30;

/** Returns the plan of a command line. */
function planOf(...args: string[]): Plan {
  const values = valuesOf(...args);
  return trainingPlan(values, { vocabSize: values.vocabSize });
}

Deno.test("every preset gives a plan, a length and a schedule", () => {
  for (const name of Object.keys(presets)) {
    const values = valuesOf("--preset", name);
    const { tokensPerStep, programs } = trainingPlan(values, { vocabSize: values.vocabSize });
    ok(tokensPerStep > 0 && programs.length > 0, name);
    strictEqual(stepsOf(values), values.scheduleSteps, name);
    ok(scheduleOf(values)!(0) > 0, name);
  }
});

Deno.test("GPT-2 presets have the sizes of GPT-2, the recipe of build-nanogpt and the learning rates of GPT-3", () => {
  const rows = gpt2s.map((name) => {
    const values = valuesOf("--preset", name), { parameterCount, tokensPerStep } = planOf("--preset", name);
    return [parameterCount, tokensPerStep, values.layers, values.heads, values.channels, values.lr];
  });
  deepStrictEqual(rows, [ // with the vocabulary padded to 50,304
    [124_475_904, 524_288, 12, 12, 768, 6e-4],
    [354_871_296, 524_288, 24, 16, 1024, 3e-4],
    [774_090_240, 524_288, 36, 20, 1280, 2.5e-4],
    [1_557_686_400, 524_288, 48, 25, 1600, 2e-4],
  ]);
  const rate = scheduleOf(valuesOf("--preset", "gpt2-124m"))!;
  // Learning rates of build-nanogpt, which divides by 715 during warm-up, while schedule() divides by 716.
  for (const [step, wanted] of [[715, 6e-4], [9536, 3.465310e-4], [19072, 6.0e-5]]) {
    ok(Math.abs(rate(step) / wanted - 1) < 1e-6, `${rate(step)} at ${step}`);
  }
  ok(Math.abs(stepsOf(valuesOf("--preset", "gpt2-124m"))! * 524_288 / 10e9 - 1) < 1e-4, "10 billion tokens");
});

Deno.test("shakespeare-char presets are those of nanoGPT, with a higher learning rate in the smaller one", () => {
  const rows = ["shakespeare-char", "shakespeare-char-cpu"].map((name) => {
    const o = valuesOf("--preset", name);
    const { parameterCount, tokensPerStep } = trainingPlan(o, { vocabSize: 65 });
    return [parameterCount, tokensPerStep, o.steps, o.lr, o.minLr, o.beta2, o.warmup, o.dropout, o.evalEvery];
  });
  deepStrictEqual(rows, [
    [10_745_088, 64 * 256, 5000, 1e-3, 1e-4, 0.99, 100, 0.2, 250],
    [804_096, 12 * 64, 2000, 3e-3, 1e-4, 0.99, 100, 0, 250],
  ]);
});

Deno.test("--total-batch-tokens is divided into whole micro-batches of --batch-size sequences", () => {
  const shape = (...more: string[]) => batchShape(valuesOf("--preset", "tiny", ...more));
  deepStrictEqual(shape(), [1, 32, 32]);
  deepStrictEqual(shape("--total-batch-tokens", "4096"), [4, 32, 32]);
  deepStrictEqual(shape("--total-batch-tokens", "4096", "--seq-len", "64", "--batch-size", "2"), [32, 2, 64]);
  deepStrictEqual(batchShape(valuesOf("--preset", "gpt2-124m")), [128, 4, 1024]);
  throws(() => shape("--total-batch-tokens", "4000"), {
    name: "RangeError",
    message: /a step of 4000 tokens into micro-batches of 1024 tokens .* a multiple of 1024$/,
  });
  throws(
    () => shape("--total-batch-tokens", "4096", "--grad-accum", "2"),
    /both --grad-accum and --total-batch/,
  );
});

/**
 * Limits of typical adapters in bytes, from reports about wgpu, which Deno uses: bindings of 2^31 - 1 bytes
 * on Vulkan and DX12 (gfx-rs/wgpu issue 8105), buffers of the same size on DX12 (pull request 4020), and
 * bindings of 2^32 - 1 bytes on Apple GPUs (issue 6221). The other limits, and all limits of the integrated
 * GPU, are low estimates.
 */
const adapters: Readonly<Record<string, BufferLimits>> = {
  "an integrated GPU": {
    maxBufferSize: 2 * GIB - 1,
    maxStorageBufferBindingSize: GIB,
    maxStorageBuffersPerShaderStage: 8,
  },
  "an 8 GB card through Vulkan": {
    maxBufferSize: 8 * GIB,
    maxStorageBufferBindingSize: 2 * GIB - 1,
    maxStorageBuffersPerShaderStage: 32,
  },
  "a 24 GB card through DX12": {
    maxBufferSize: 2 * GIB - 1,
    maxStorageBufferBindingSize: 2 * GIB - 1,
    maxStorageBuffersPerShaderStage: 16,
  },
  "Apple's through Metal": {
    maxBufferSize: 9 * GIB,
    maxStorageBufferBindingSize: 4 * GIB - 1,
    maxStorageBuffersPerShaderStage: 31,
  },
};

Deno.test("GPT-2 presets stay within the limits of typical adapters, in every mode of recomputation", () => {
  for (const preset of gpt2s) {
    for (const recompute of ["none", "gelu", "block"]) {
      const { programs } = planOf("--preset", preset, "--recompute", recompute);
      for (const [device, limits] of Object.entries(adapters)) checkLimits(programs, limits, { device });
    }
  }
});

Deno.test("GPT-2 presets use no more workgroups than every WebGPU device allows", () => {
  for (const preset of gpt2s) {
    for (const call of planOf("--preset", preset).programs.flatMap((p) => p.calls)) {
      const { workgroups } = call.op.wgsl(call, leastGpu);
      ok(
        workgroups.every((n) => n <= leastLimits.maxComputeWorkgroupsPerDimension),
        `${call.op.name} of ${preset}: ${workgroups}`,
      );
    }
  }
});

Deno.test("with WebGPU's lowest limits GPT-2's vocabulary is refused with a size that fits, and that size fits", () => {
  throws(
    () => checkLimits(planOf("--preset", "gpt2-124m").programs, leastLimits, { device: "a small GPU" }),
    {
      name: "RangeError",
      message:
        "Cannot place wte.weight of micro on a small GPU: f32 [50304,768] is 154533888 bytes, the largest tensor there is " +
        "134217728, which holds 43648 of its 50304 rows: use a smaller vocabulary or model (--tokenizer train " +
        "--vocab-size 43648, or fewer --channels), a driver with larger limits, or --device cpu",
    },
  );
  checkLimits(
    planOf("--preset", "gpt2-124m", "--tokenizer", "train", "--vocab-size", "43648").programs,
    leastLimits,
  );
  checkLimits(planOf("--preset", "tiny").programs, leastLimits);
  throws(() => checkLimits(planOf("--preset", "gpu-small").programs, leastLimits), {
    message:
      /lm_head.* the largest tensor there is 134217728: use a smaller --batch-size or --seq-len, or --device cpu$/,
  });
  checkLimits(planOf("--preset", "gpu-small", "--batch-size", "16").programs, leastLimits);
});

Deno.test("pickPreset() picks no preset whose logits the GPU cannot bind", () => {
  const nothing = () => false; // no option is given
  strictEqual(pickPreset({ device: "webgpu", maxTensorBytes: 128 * 2 ** 20 }, nothing).name, "tiny");
  strictEqual(pickPreset({ device: "webgpu", maxTensorBytes: 256 * 2 ** 20 }, nothing).name, "gpu-small");
  const { programs } = planOf("--preset", "gpu-small");
  checkLimits(programs, { ...leastLimits, maxStorageBufferBindingSize: 256 * 2 ** 20 });
});

Deno.test("checkMemory() names the options that save memory on the CPU engine, or asks for a smaller model", () => {
  const refusal = (...args: string[]) => {
    let said = "";
    throws(() => checkMemory(planOf(...args), { name: "cpu" }), (error) => {
      said = error instanceof RangeError ? error.message : "";
      return said !== "";
    });
    return said;
  };
  const rest = (said: string) => said.slice(said.indexOf(": use"));
  strictEqual(
    rest(refusal("--preset", "gpt2-124m", "--batch-size", "32")),
    ": use a smaller --batch-size or --seq-len, --recompute block or a smaller model",
  );
  strictEqual(
    rest(refusal("--preset", "gpt2-124m", "--batch-size", "64", "--recompute", "block")),
    ": use a smaller --batch-size or --seq-len or a smaller model",
  );
  strictEqual(
    rest(refusal("--preset", "gpt2-355m")),
    ": use a smaller model, or a GPU with --device webgpu",
  );
  checkMemory(planOf("--preset", "gpt2-124m", "--batch-size", "16", "--recompute", "block"), { name: "cpu" });
  checkMemory(planOf("--preset", "gpt2-1558m"), { name: "webgpu" });
});

Deno.test("a model that --init-from names is trained further by AdamW at a low rate, on any device", () => {
  const isGiven = (option: string) => option === "initFrom";
  for (const device of ["cpu", "webgpu"] as const) {
    strictEqual(pickPreset({ device }, isGiven).name, "finetune");
  }
  const { optimizer, lr, seqLen } = valuesOf("--init-from", "model");
  deepStrictEqual([optimizer, lr, seqLen], ["adamw", 1e-4, 128]);
});

Deno.test("a lower --lr lowers the other rates of a preset by the same factor", () => {
  const ratesOf = (...args: string[]) => {
    const { lr, muonLr, minLr } = valuesOf("--preset", "tiny", ...args);
    return [lr, muonLr, minLr];
  };
  deepStrictEqual(ratesOf(), [0.015, 0.015, 0]);
  deepStrictEqual(ratesOf("--lr", "0.003"), [0.003, 0.003, 0]);
  deepStrictEqual(ratesOf("--lr", "0.003", "--muon-lr", "0.01"), [0.003, 0.01, 0]);
  deepStrictEqual(ratesOf("--lr", "0"), [0, 0, 0]);
  ok(planOf("--preset", "tiny", "--lr", "0").programs.length > 0, "a run that changes nothing is allowed");
  throws(() => planOf("--preset", "tiny", "--lr", "0", "--muon-lr", "0.01"), /--muon-lr 0 as well/);
});
