/**
 * Let a trained model write.
 *
 * @module
 */
import { gpt } from "../kernels/models/gpt.ts";
import { asSource } from "../stages/flow/as_source.ts";
import { from } from "../stages/flow/flow.ts";
import { map } from "../stages/flow/stage.ts";
import { loadTokenizer } from "../stages/token/tokenizer.ts";
import { sampleText } from "../stages/train/generate.ts";
import { plan } from "../stages/train/plan.ts";
import { openModel } from "../stages/train/session.ts";
import { tokenizerBeside } from "./cli/beside.ts";
import { integer, number, path, text } from "./cli/kinds.ts";
import { pipeline } from "./cli/pipeline.ts";
import { checkPrompt } from "./cli/prompt.ts";
import { startingWeights } from "./cli/starting_weights.ts";

const group = "Sampling";

export default pipeline({
  about: "let a trained model write",
  writes: false,
  options: {
    checkpoint: path("a run's folder, one of its checkpoints, an llm.c .bin or a safetensors folder", {
      value: "runs/fineweb-gpt2",
      group,
    }),
    tokenizer: text("default: the one in the run's folder; else gpt2, cl100k, byte or a folder", {
      value: null,
      group,
      placeholder: "NAME|PATH",
    }),
    prompt: text("what the text goes on from", { value: "", group }),
    maxTokens: integer("tokens to add at most", { value: 200, min: 0, group }),
    temperature: number("0: always the likeliest token", { value: 0.8, min: 0, group }),
    topK: integer("draw among the K likeliest; 0 = all", { value: 50, min: 0, group }),
    topP: number("draw among the likeliest that together have this share", {
      value: 1,
      min: 0,
      max: 1,
      group,
    }),
    count: integer("texts to write", { value: 1, min: 1, group }),
  },
  async build(o, env) {
    const { sizes, weights } = await startingWeights(o.checkpoint);
    const name = o.tokenizer ?? await tokenizerBeside(o.checkpoint) ?? "gpt2";
    const tokenizer = await loadTokenizer(name);
    if (tokenizer.vocabSize > sizes.vocabSize) {
      throw new RangeError(
        `Cannot use tokenizer ${name} for ${o.checkpoint}: it has ${tokenizer.vocabSize} tokens, ` +
          `the model ${sizes.vocabSize}: give --tokenizer NAME|PATH, the one that the model was trained with`,
      );
    }
    checkPrompt({ prompt: o.prompt, option: "--prompt", tokenizer, vocabSize: sizes.vocabSize });
    const model = gpt({ ...sizes, vocabPad: 1 });
    const planned = plan({ model, sampling: true });
    const sampling = { temperature: o.temperature, topK: o.topK, topP: o.topP, maxTokens: o.maxTokens };
    return from(asSource("samples", () => Array.from({ length: o.count }, (_, i) => i)))
      .pipe({
        name: "write",
        open: async () => await openModel(await env.engine(), { plan: planned, weights }),
        async *push(sample: number, session, ctx) {
          env.print(o.count > 1 ? `--- ${sample + 1}\n${o.prompt}` : o.prompt);
          const pieces = sampleText(session, tokenizer, {
            ...sampling,
            prompt: o.prompt,
            seed: env.seed,
            sample,
            signal: ctx.signal,
          });
          let written = "";
          for await (const piece of pieces) {
            env.print(piece);
            written += piece;
            if (ctx.stopping) break;
          }
          env.print("\n");
          yield { type: "sample", step: sample, text: written, prompt: o.prompt } as const;
        },
        close: (session) => session[Symbol.asyncDispose](),
      })
      .pipe(map("report", (event, ctx) => ctx.emit(event)));
  },
});
