/**
 * The stage that generates texts from prompts and prints them.
 *
 * @module
 */
import type { SampleEvent } from "../../stages/flow/events.ts";
import type { Stage } from "../../stages/flow/stage.ts";
import { type ModelSession, openModel } from "../../stages/model/model_session.ts";
import { type GenerateOptions, generateTexts } from "../../stages/sample/generate_texts.ts";
import type { TextRequest } from "../../stages/sample/generated_text.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import type { Env } from "../cli/pipeline.ts";
import { GenerationSpeed } from "./generation_speed.ts";
import { OrderedOutput } from "./ordered_output.ts";

/** The model and its tokenizer. */
export interface Generator extends Pick<Parameters<typeof openModel>[1], "plan" | "weights"> {
  readonly tokenizer: Tokenizer;
}

/**
 * Returns a stage from lists of requests to samples. The texts of a list are generated together and printed
 * one after another; if there are several, each gets a heading. A note at the end says how fast the model
 * was.
 */
export function generate(
  { plan, weights, tokenizer }: Generator,
  options: GenerateOptions,
  env: Pick<Env, "engine" | "print" | "seed">,
): Stage<readonly TextRequest[], SampleEvent> {
  return {
    name: "write",
    open: async () => await openModel(await env.engine(), { plan, weights }),
    async *push(requests: readonly TextRequest[], session: ModelSession, ctx) {
      const heading = (text: number): string =>
        requests.length > 1 ? `--- ${text + 1}\n${requests[text].prompt}` : requests[text].prompt;
      const output = new OrderedOutput(requests.length, env.print, heading);
      const speed = new GenerationSpeed();
      const generated = requests.map(() => "");
      const events = generateTexts(session, tokenizer, {
        ...options,
        texts: requests,
        seed: env.seed,
        signal: ctx.signal,
        onStep: (step) => speed.add(step),
      });
      for await (const event of events) {
        const { text } = event;
        if ("piece" in event) {
          output.add(text, event.piece);
          generated[text] += event.piece;
        } else {
          output.end(text);
          yield { type: "sample", step: text, text: generated[text], prompt: requests[text].prompt };
        }
        if (ctx.stopping) break;
      }
      output.close();
      const line = speed.line();
      if (line !== null) ctx.emit({ type: "note", text: line });
    },
    close: (session) => session[Symbol.asyncDispose](),
  };
}
