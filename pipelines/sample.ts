/**
 * Generates text from a trained model: prompts → generate → report.
 *
 * @module
 */
import { modelOf } from "../kernels/models/model_of.ts";
import { readText } from "../stages/disk/files.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { map } from "../stages/flow/stage.ts";
import { plan } from "../stages/model/plan.ts";
import { checkGenerateOptions } from "../stages/sample/generate_texts.ts";
import { loadTokenizer } from "../stages/token/load_tokenizer.ts";
import { integer, repeated } from "./cli/option_types.ts";
import { pipeline, type Values } from "./cli/pipeline.ts";
import { generate, type Generator } from "./parts/generate_stage.ts";
import { inferenceOptions } from "./parts/options/inference_options.ts";
import { samplingOptions } from "./parts/options/sampling_options.ts";
import { machineLines } from "./parts/machine_lines.ts";
import { largestModelLines } from "./parts/memory/largest_model.ts";
import { planLines } from "./parts/plan_lines.ts";
import { checkPrompt, promptEncoding, promptOptions } from "./parts/prompt.ts";
import { runTokenizer } from "./parts/run_files.ts";
import { inferenceWeights } from "./parts/starting_weights.ts";

const sampling = { group: "Sampling" };

const options = {
  ...inferenceOptions,
  prompt: repeated(
    "prompt, or FILE:PATH to read it from a file; may be repeated to continue several prompts",
    {
      value: [],
      placeholder: "TEXT",
      ...sampling,
    },
  ),
  ...promptOptions,
  count: integer("texts per prompt", { value: 1, min: 1, ...sampling }),
  maxTokens: integer("largest number of tokens to generate per text", { value: 200, min: 0, ...sampling }),
  ...samplingOptions({ temperature: 0.8 }),
  stop: repeated("end the text before this string; may be repeated", {
    value: [],
    placeholder: "TEXT",
    ...sampling,
  }),
  batchSize: integer("largest number of texts to generate at the same time", {
    value: 8,
    min: 1,
    max: 1024,
    ...sampling,
  }),
  slide: integer(
    "tokens to drop from the start when the text exceeds the model's sequence length; 1 = exact, but every token then costs a whole forward pass",
    { value: 1, min: 1, ...sampling },
  ),
};

export default pipeline({
  about: "generate text from a trained model",
  writes: false,
  options,
  examples: [
    { does: "continue a text with the model of the first command", typed: '--prompt "The people"' },
    {
      does: "three texts from another run, which continue a file",
      typed: "--checkpoint runs/notes --prompt FILE:prompt.txt --count 3 --temperature 0.7",
    },
    {
      does: "the most likely text of an llm.c model",
      typed: "--checkpoint gpt2.bin --tokenizer gpt2 --temperature 0 --max-tokens 40",
    },
  ],
  often: [
    "checkpoint",
    "tokenizer",
    "prompt",
    "count",
    "maxTokens",
    "temperature",
    "topK",
    "topP",
    "seed",
    "device",
  ],
  spares: ["out", "logEvery"],
  estimates: true,
  speedHints: "sampling",
  workersFor: "engine",
  async build(o, env) {
    const generator = await generatorOf(o), { tokenizer, plan: { model } } = generator;
    const given = await promptsOf(o.prompt), prompts = promptEncoding(o, tokenizer);
    for (const prompt of given) {
      checkPrompt({ prompt, option: "--prompt", tokenizer, vocabSize: model.vocabSize, prompts });
    }
    checkGenerateOptions(o, model);
    const texts = given.flatMap((prompt) =>
      Array.from({ length: o.count }, (_, sample) => ({ prompt, sample }))
    );
    return from(asSource("prompts", () => [texts]))
      .pipe(generate(generator, { ...o, prompts }, env))
      .pipe(map("report", (event, ctx) => ctx.emit(event)));
  },
  helpNotes: largestModelLines,
  async plan(o, env) {
    const { plan } = await generatorOf(o), { parameterCount, memory } = plan;
    const largestModel = largestModelLines();
    return planLines({ parameterCount, memory, largestModel, machine: machineLines(plan, env) });
  },
});

/** Yields the model, planned for all texts that are generated at the same time, and its tokenizer. */
async function generatorOf(o: Values<typeof options>): Promise<Generator> {
  const { config, weights, quantized } = await inferenceWeights(o.checkpoint, o);
  const name = o.tokenizer ?? await runTokenizer(o.checkpoint) ?? "gpt2";
  const tokenizer = await loadTokenizer(name);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new RangeError(
      `Cannot use tokenizer ${name} for ${o.checkpoint}: it has ${tokenizer.vocabSize} tokens, ` +
        `the model ${config.vocabSize}: give --tokenizer NAME|PATH, the one that the model was trained with`,
    );
  }
  const texts = Math.min(o.batchSize, o.count * Math.max(1, o.prompt.length));
  return { plan: plan({ model: modelOf(config), sampling: { texts }, quantized }), weights, tokenizer };
}

/**
 * The prompts' texts. If no prompt is given, a single empty text, which makes the model start a new document.
 */
async function promptsOf(given: readonly string[]): Promise<readonly string[]> {
  if (given.length === 0) return [""];
  return await Promise.all(given.map(async (prompt) => {
    return prompt.startsWith("FILE:") ? await readText(prompt.slice("FILE:".length)) : prompt;
  }));
}
