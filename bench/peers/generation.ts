/**
 * Prompts and generated tokens of a GGUF model on the CPU engine, as a peer in a separate process (see
 * peer.ts): the line 0 asks for the seconds per token of a prompt, any other number n for the seconds per
 * token of n generated ones. Arguments: the path, the activations and the number of threads.
 *
 * @module
 */
import { openCpu } from "../../kernels/engine/cpu/cpu_engine.ts";
import type { Activations } from "../../kernels/core/blocks/block_layout.ts";
import { modelOf } from "../../kernels/models/model_of.ts";
import { TextLineStream } from "../../stages/flow/std.ts";
import { openGgufModel } from "../../stages/format/model/gguf/gguf_model.ts";
import { blockLayouts, readWeights } from "../../stages/format/model/weight_file.ts";
import { openModel } from "../../stages/model/model_session.ts";
import { plan } from "../../stages/model/plan.ts";

/** Number of tokens of a prompt. */
const PROMPT = 512;

const [path, activations, threads] = Deno.args;
const file = await openGgufModel(path), quantized = blockLayouts(file, activations as Activations);
const planned = plan({ model: modelOf({ ...file.config, seqLen: 1024 }), sampling: true, quantized });
const engine = await openCpu({ threads: Number(threads), blas: "off" });
await using session = await openModel(engine, {
  plan: planned,
  weights: await readWeights(file, { keepBlocks: true }),
});
const prompt = Uint32Array.from({ length: PROMPT }, (_, i) => 1000 + i * 7);
await session.decoder.prefill(prompt); // V8 compiles the kernels
console.log(engine.device);
for await (
  const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
) {
  const count = Number(line);
  if (count > 0) await session.decoder.prefill(prompt.subarray(0, 32));
  const before = performance.now();
  if (count === 0) await session.decoder.prefill(prompt);
  for (let i = 0, id = 11; i < count; i++) {
    const [logits] = await session.decoder.decode([{ text: 0, id, position: 32 + i }]);
    id = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
  }
  console.log((performance.now() - before) / 1000 / (count === 0 ? PROMPT : count));
}
