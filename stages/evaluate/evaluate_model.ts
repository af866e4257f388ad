/**
 * Evaluates a finished model: losses over the batches of a text, then multiple-choice items. Unlike the
 * stages that evaluate during training, it takes the batches and items from its flow and keeps the sums in
 * its state, so that a long evaluation can be resumed.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import type { Stage } from "../flow/stage.ts";
import { type ModelSession, openModel } from "../model/model_session.ts";
import type { Plan } from "../model/plan.ts";
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
  evalEvent,
  type LossTally,
  measureBatch,
  summarizeLoss,
  type TokenBytes,
} from "./loss_tally.ts";

/** An item to evaluate on: the index of a batch of the text, or a multiple-choice item. */
export type EvaluationItem = number | MultipleChoice;

/** Options of `evaluateModel`. */
export interface EvaluateModelOptions {
  /** Opens the engine; called once, when the evaluation starts. */
  engine(): Promise<Engine>;
  /** The model's programs, with `evaluation` for batches and `scoring` for multiple-choice items. */
  readonly plan: Plan;
  /** Parameters by name. */
  readonly weights: TensorMap;
  /** Number of updates that the weights were trained for; it is part of the emitted events. */
  readonly step: number;
  /** Tokens of the text; may be empty if there are no batches. */
  readonly tokens: Uint32Array;
  /** Bytes of text per token, for bits per byte. */
  readonly tokenBytes?: TokenBytes | undefined;
  /** Identity of the text, which is recorded with the result. */
  readonly text?: string;
  /** The model's tokenizer; null is allowed if there are no multiple-choice items. */
  readonly tokenizer: Tokenizer | null;
}

/** State of the stage. */
export interface EvaluationState {
  /** The model on its device. */
  readonly model: ModelSession;
  /** Digest of the weights that the sums belong to. */
  readonly weights: string;
  /** Sums over the batches so far. */
  readonly loss: LossTally;
  /** Counts over the multiple-choice items so far. */
  readonly choices: ChoiceTally;
  /** Items that wait until there are enough for a batch. */
  held: MultipleChoice[];
}

type SavedEvaluation = Omit<EvaluationState, "model">;

/**
 * Evaluates a model on the items of the flow. It yields the number of tokens and choices so far, and emits
 * the results at the end. Throws RangeError when it is resumed with other weights, and after
 * the results if one of them is NaN or infinite.
 */
export function evaluateModel(options: EvaluateModelOptions): Stage<EvaluationItem, number, EvaluationState> {
  return {
    name: "examine", // keys the saved state, so runs of earlier versions can be resumed
    async open(_ctx, saved?: SavedEvaluation) {
      const weights = await digest(options.weights);
      if (saved !== undefined && saved.weights !== weights) {
        throw new RangeError(
          "Cannot resume: the weights are not those of the interrupted evaluation: start again with --resume never",
        );
      }
      const model = await openModel(await options.engine(), options);
      const { loss, choices, held } = saved ?? {
        loss: emptyLossTally(),
        choices: emptyChoiceTally(),
        held: [],
      };
      return { model, weights, loss: { ...loss }, choices: { ...choices }, held: [...held] };
    },
    async *push(item, state) {
      if (typeof item === "number") {
        const { tokens, tokenBytes } = options;
        await measureBatch(state.model, { tokens, batch: item, tally: state.loss, tokenBytes });
      } else if (state.held.push(item) >= CHOICES_PER_BATCH) {
        await scoreHeld(options, state);
      }
      yield state.loss.tokens + state.choices.items;
    },
    async *flush(state, ctx) {
      if (ctx.stopping) return;
      if (state.held.length > 0) await scoreHeld(options, state);
      const { step } = options, { loss, choices } = state;
      const mean = summarizeLoss(loss), { text } = options;
      if (loss.tokens > 0) ctx.emit({ ...evalEvent(step, mean), ...(text !== undefined && { text }) });
      if (choices.items > 0) ctx.emit(hellaswagEvent(step, choices));
      checkNumbers({ loss: loss.tokens > 0 ? mean.loss : 0, choices });
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

/** Throws RangeError if a result is NaN or infinite. */
function checkNumbers({ loss, choices }: { readonly loss: number; readonly choices: ChoiceTally }): void {
  const { items, undecided = 0 } = choices;
  const found = [
    ...(Number.isFinite(loss) ? [] : [`the validation loss is ${loss}`]),
    ...(undecided === 0
      ? []
      : [`for ${undecided} of ${items} HellaSwag items the loss of an ending is NaN or infinite`]),
  ];
  if (found.length === 0) return;
  throw new RangeError(
    `Cannot evaluate the model: ${found.join(", and ")}: its weights contain NaN or infinity, or overflow: ` +
      "give another --checkpoint",
  );
}

async function scoreHeld({ tokenizer }: EvaluateModelOptions, state: EvaluationState): Promise<void> {
  if (tokenizer === null) throw new RangeError("Cannot evaluate multiple-choice items without a tokenizer");
  await scoreChoices(state.held, { model: state.model, tokenizer, tally: state.choices });
  state.held = [];
}

/** Returns the SHA-256 over the names and values of all weights. */
async function digest(weights: TensorMap): Promise<string> {
  const parts = await Promise.all(
    Object.entries(weights).map(async ([name, { data }]) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
      return `${name} ${await sha256(bytes)}`;
    }),
  );
  return await sha256(new TextEncoder().encode(parts.sort().join("\n")));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
