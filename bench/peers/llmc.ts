/**
 * llm.c as a peer: its train_gpt2.c, compiled with the flags of its Makefile into a program that trains a
 * model of any size from random weights.
 *
 * @module
 */
import { gpt } from "../../kernels/models/gpt.ts";
import { initialWeights } from "../../kernels/models/model.ts";
import { writeLlmcModel } from "../../stages/format/model/llmc_model.ts";
import type { StepSize } from "../training_step.ts";
import { type Peer, startPeer } from "./peer.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

/**
 * Compiles and starts llm.c from the clone in `folder`, with the C compiler $CC or gcc. Throws Error if it
 * does not compile.
 */
export async function llmc(
  size: StepSize,
  { folder, threads }: { readonly folder: string; readonly threads: number },
): Promise<Peer> {
  const place = await Deno.makeTempDir(), program = `${place}/llmc_steps`, checkpoint = `${place}/model.bin`;
  const source = pathOfUrl(new URL("./llmc_steps.c", import.meta.url));
  // The flags of llm.c's Makefile; -DTESTING leaves out its main().
  const flags = ["-Ofast", "-march=native", "-fopenmp", "-DOMP", "-DTESTING", "-w", `-I${folder}`];
  const args = [...flags, source, "-o", program, "-lm"];
  const compiled = await new Deno.Command(Deno.env.get("CC") ?? "gcc", { args, stderr: "piped" }).output();
  if (!compiled.success) {
    throw new Error(`Cannot compile llm.c in ${folder}: ${new TextDecoder().decode(compiled.stderr)}`);
  }
  const { layers, heads, channels, seqLen, vocabSize, batch } = size;
  const model = gpt(size), { paddedVocabSize } = model;
  const sizes = { layers, heads, channels, seqLen, vocabSize, paddedVocabSize };
  await writeLlmcModel(checkpoint, { sizes, weights: initialWeights(model, 1) });
  const peer = await startPeer([program, checkpoint, String(batch), String(seqLen), String(vocabSize)], {
    ready: /^ready$/,
    nameOf: () => `llm.c, C with OpenMP, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    hint: "check that this llm.c reads model files of version 3",
    env: { OMP_NUM_THREADS: String(threads) },
  });
  await Deno.remove(place, { recursive: true });
  return peer;
}
