/**
 * Examines a trained model: losses over batches of a text, then choices. Sums are its state, so a long examination can be
 * interrupted and gone on with.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import { type TensorMap } from "../../kernels/core/tensor.ts";
import type { EvalEvent, HellaswagEvent } from "../flow/events.ts";
import type { Stage } from "../flow/stage.ts";
import type { MultipleChoice } from "../task/multiple_choice.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import {
  CHOICES_PER_BATCH,
  type ChoiceTally,
  emptyChoiceTally,
  hellaswagEvent,
  scoreChoices,
} from "./choice_tally.ts";
import {
  emptyLossTally,
  type LossTally,
  measureBatch,
  summarizeLoss,
  type TokenBytes,
} from "./loss_tally.ts";
import type { Plan } from "../model/plan.ts";
import { type ModelSession, openModel } from "../model/model_session.ts";

/** One thing to ask: the loss over batch number N of the text, from 0, or a choice. */
export type EvaluationItem = number | MultipleChoice;

/** What `examine` takes. */
export interface EvaluateModelOptions {
  /** Asked for once, when the examination begins. */
  engine(): Promise<Engine>;
  /** With `evaluation` where there are batches, and `scoring` where there are choices. */
  readonly plan: Plan;
  /** Parameters by name. */
  readonly weights: TensorMap;
  /** Updates that made the weights, for the events. */
  readonly step: number;
  /** The text; empty where there are no batches. */
  readonly tokens: Uint32Array;
  /** For bits a byte. */
  readonly tokenBytes?: TokenBytes | undefined;
  /** For choices. */
  readonly tokenizer: Tokenizer | null;
}

/** What the stage remembers. */
export interface EvaluationState {
  /** On the device. */
  readonly model: ModelSession;
  /** Says which weights these sums are of. */
  readonly weights: string;
  /** Over the batches so far. */
  readonly loss: LossTally;
  /** Of the choices asked so far. */
  readonly choices: ChoiceTally;
  /** Choices not asked yet: many at once are. */
  held: MultipleChoice[];
}

type SavedState = Omit<EvaluationState, "model">;

/**
 * Questions → their numbers, as they are done; at the end the events of what there was. Throws RangeError on resuming
 * with other weights.
 */
export function evaluateModel(options: EvaluateModelOptions): Stage<EvaluationItem, number, EvaluationState> {
  return {
    name: "examine",
    async open(_ctx, saved?: SavedState) {
      const weights = await digest(options.weights);
      if (saved !== undefined && saved.weights !== weights) {
        throw new RangeError(
          "Cannot go on: the weights are not those that were examined before: begin anew with --resume never",
        );
      }
      const model = await openModel(await options.engine(), options);
      const { loss, choices, held } = saved ??
        { loss: emptyLossTally(), choices: emptyChoiceTally(), held: [] };
      return { model, weights, loss: { ...loss }, choices: { ...choices }, held: [...held] };
    },
    async *push(question, state) {
      if (typeof question === "number") {
        const { tokens, tokenBytes } = options;
        await measureBatch(state.model, { tokens, batch: question, tally: state.loss, tokenBytes });
      } else if (state.held.push(question) >= CHOICES_PER_BATCH) {
        await askHeld(options, state);
      }
      yield state.loss.tokens + state.choices.items;
    },
    async *flush(state, ctx) {
      if (ctx.stopping) return;
      if (state.held.length > 0) await askHeld(options, state);
      for (const event of eventsOf(options.step, state)) ctx.emit(event);
    },
    save: ({ weights, loss, choices, held }) => ({
      weights,
      loss: { ...loss },
      choices: { ...choices },
      held: held.map(({ context, endings, label }) => ({ context, endings, label })),
    }),
    close: ({ model }) => model[Symbol.asyncDispose](),
  };
}

async function askHeld({ tokenizer }: EvaluateModelOptions, state: EvaluationState): Promise<void> {
  if (tokenizer === null) throw new RangeError("Cannot ask choices without a tokenizer");
  await scoreChoices(state.held, { model: state.model, tokenizer, tally: state.choices });
  state.held = [];
}

function eventsOf(step: number, { loss, choices }: EvaluationState): readonly (EvalEvent | HellaswagEvent)[] {
  const events: (EvalEvent | HellaswagEvent)[] = [];
  if (loss.tokens > 0) {
    const { loss: valLoss, bitsPerByte } = summarizeLoss(loss);
    events.push({ type: "eval", step, valLoss, ...(bitsPerByte !== null && { bitsPerByte }) });
  }
  if (choices.items > 0) events.push(hellaswagEvent(step, choices));
  return events;
}

/** SHA-256 over names and values of all weights. */
async function digest(weights: TensorMap): Promise<string> {
  const parts = await Promise.all(
    Object.entries(weights).map(async ([name, { data }]) =>
      `${name} ${
        hex(
          await crypto.subtle.digest(
            "SHA-256",
            new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
          ),
        )
      }`
    ),
  );
  return hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.sort().join("\n"))));
}

function hex(bytes: ArrayBuffer): string {
  return new Uint8Array(bytes).toHex();
}
