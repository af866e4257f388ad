/**
 * Let a trained model write.
 *
 * @module
 */
import { gpt } from "../kernels/models/gpt.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { map } from "../stages/flow/stage.ts";
import { loadTokenizer } from "../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../stages/token/tokenizer.ts";
import { type Plan, plan } from "../stages/model/plan.ts";
import { type ModelSession, openModel } from "../stages/model/model_session.ts";
import { checkGenerateOptions, generateTexts } from "../stages/sample/generate_texts.ts";
import { runTokenizer } from "./parts/run_files.ts";
import { OrderedOutput } from "./parts/ordered_output.ts";
import { integer, number, path, repeated, text } from "./cli/option_types.ts";
import { pipeline, type Values } from "./cli/pipeline.ts";
import { planLines } from "./parts/plan_lines.ts";
import { checkPrompt } from "./parts/prompt.ts";
import { exists } from "../stages/disk/whole_files.ts";
import { startingWeights } from "./parts/starting_weights.ts";
import { GenerationSpeed } from "./parts/generation_speed.ts";

const group = "Sampling";

const options = {
  checkpoint: path("a run's folder, one of its checkpoints, an llm.c .bin or a safetensors folder", {
    value: "runs/fineweb-gpt2",
    group,
  }),
  tokenizer: text("default: the one in the run's folder; else gpt2, p50k, cl100k, o200k, byte or a folder", {
    value: null,
    group,
    placeholder: "NAME|PATH",
  }),
  prompt: repeated("what the text goes on from, or FILE:path; several: a text of each", {
    value: [],
    group,
    placeholder: "TEXT",
  }),
  maxTokens: integer("tokens to add at most", { value: 200, min: 0, group }),
  temperature: number("0: always the likeliest token", { value: 0.8, min: 0, group }),
  topK: integer("draw among the K likeliest; 0 = all", { value: 50, min: 0, group }),
  topP: number("draw among the likeliest that together have this share", {
    value: 1,
    min: 0,
    max: 1,
    group,
  }),
  minP: number("draw among those at least this many times as likely as the likeliest; 0 = all", {
    value: 0,
    min: 0,
    max: 1,
    group,
  }),
  repetitionPenalty: number("above 1: tokens that the text has become less likely", { value: 1, group }),
  stop: repeated("end the text before this string", { value: [], group, placeholder: "TEXT" }),
  count: integer("texts to write, of each prompt", { value: 1, min: 1, group }),
  batchSize: integer("texts that are written at once, at most", { value: 8, min: 1, max: 1024, group }),
  slide: integer(
    "tokens let go at once where the model's sequence is full; 1 = exact, a whole pass a token",
    {
      value: 1,
      min: 1,
      group,
    },
  ),
};

export default pipeline({
  about: "let a trained model write",
  writes: false,
  options,
  async build(o, env) {
    const { planned, weights, tokenizer } = await prepare(o);
    const prompts = await promptsOf(o.prompt);
    for (const prompt of prompts) {
      checkPrompt({ prompt, option: "--prompt", tokenizer, vocabSize: planned.model.vocabSize });
    }
    const texts = prompts.flatMap((prompt) =>
      Array.from({ length: o.count }, (_, sample) => ({ prompt, sample }))
    );
    checkGenerateOptions(o, planned.model);
    return from(asSource("prompts", () => [texts]))
      .pipe({
        name: "write",
        open: async () => await openModel(await env.engine(), { plan: planned, weights }),
        async *push(requests: typeof texts, session: ModelSession, ctx) {
          const shown = new OrderedOutput(
            requests.length,
            env.print,
            (text) =>
              requests.length > 1 ? `--- ${text + 1}\n${requests[text].prompt}` : requests[text].prompt,
          );
          const speed = new GenerationSpeed();
          const pieces = generateTexts(session, tokenizer, {
            ...o,
            texts: requests,
            seed: env.seed,
            signal: ctx.signal,
            onStep: (work) => speed.add(work),
          });
          const written = requests.map(() => "");
          for await (const now of pieces) {
            if ("piece" in now) {
              shown.add(now.text, now.piece);
              written[now.text] += now.piece;
            } else {
              shown.end(now.text);
              const { prompt } = requests[now.text];
              yield { type: "sample", step: now.text, text: written[now.text], prompt } as const;
            }
            if (ctx.stopping) break;
          }
          shown.close();
          const told = speed.line();
          if (told !== null) ctx.emit({ type: "note", text: told });
        },
        close: (session) => session[Symbol.asyncDispose](),
      })
      .pipe(map("report", (event, ctx) => ctx.emit(event)));
  },
  async plan(o) {
    const { parameterCount, memory } = (await prepare(o)).planned;
    return planLines({ parameterCount, memory });
  },
});

/** The model with room for all texts that are written at once, and its tokenizer. */
async function prepare(
  o: Values<typeof options>,
): Promise<{ planned: Plan; weights: Parameters<typeof openModel>[1]["weights"]; tokenizer: Tokenizer }> {
  const { config, weights } = await startingWeights(o.checkpoint);
  const name = o.tokenizer ?? await runTokenizer(o.checkpoint) ?? "gpt2";
  const tokenizer = await loadTokenizer(name);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new RangeError(
      `Cannot use tokenizer ${name} for ${o.checkpoint}: it has ${tokenizer.vocabSize} tokens, ` +
        `the model ${config.vocabSize}: give --tokenizer NAME|PATH, the one that the model was trained with`,
    );
  }
  const texts = Math.min(o.batchSize, o.count * Math.max(1, o.prompt.length));
  return { planned: plan({ model: gpt(config), sampling: { texts } }), weights, tokenizer };
}

/** Those given, those from files read; none given: an empty one. */
async function promptsOf(given: readonly string[]): Promise<readonly string[]> {
  if (given.length === 0) return [""];
  return await Promise.all(given.map(async (prompt) => {
    if (!prompt.startsWith("FILE:")) return prompt;
    const path = prompt.slice("FILE:".length);
    if (!await exists(path)) {
      throw new Deno.errors.NotFound(`Cannot read --prompt ${prompt}: nothing is there`);
    }
    return await Deno.readTextFile(path);
  }));
}
