/**
 * Generates answers to questions of a task, and rewards them.
 *
 * @module
 */
import type { ChatTemplate } from "../chat/template/template.ts";
import type { ModelSession } from "../model/model_session.ts";
import { type GeneratedTokens, generateTokens } from "../sample/generate_tokens.ts";
import type { GenerateTokensOptions } from "../sample/token_text.ts";
import { rewardOf, type RewardParts, type Task, type TaskItem } from "../task/verified/task.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import type { Toolbox } from "../tool/toolbox.ts";
import { unlessStopped } from "./until_stopped.ts";

/** What answers are generated with. */
export interface AnswerOptions extends Omit<GenerateTokensOptions, "ends" | "vocabSize"> {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** Tools that the model may call; default: none. */
  readonly toolbox?: Pick<Toolbox, "hand" | "announce">;
  /** Returns whether the run is stopping; the task's own functions are then not waited for. */
  stopping(): boolean;
}

/** An answer to a question. */
export interface Answer extends GeneratedTokens {
  readonly item: TaskItem;
  /** Tokens of the question. */
  readonly prompt: Uint32Array;
  /** Text that the assistant wrote, without special tokens and what was forced. */
  readonly text: string;
  readonly parts: RewardParts;
  readonly reward: number;
  readonly calls: number;
  readonly failures: number;
}

/**
 * Returns `samples` answers to each question, in order. The random numbers of an answer depend on the seed,
 * the item's index and the number of the sample alone. Throws RangeError for a reward that is NaN or
 * infinite, StoppedError if the run is stopping before the task has answered, and the task's own errors.
 */
export async function answerQuestions(
  model: ModelSession,
  { task, indices, samples, key }: {
    readonly task: Task;
    readonly indices: readonly number[];
    readonly samples: number;
    /** Prefix of the names of random numbers, such as the pass over the questions. */
    readonly key: string;
  },
  { tokenizer, template, toolbox, stopping, ...options }: AnswerOptions,
): Promise<readonly Answer[]> {
  const itemsOf = async () => await Promise.all(indices.map((index) => task.item(index)));
  const items = await unlessStopped(itemsOf(), stopping);
  const requests = items.flatMap(({ id, messages }, i) => {
    const asked = { id, messages }, prompt = template.prompt(toolbox?.announce(asked) ?? asked);
    return Array.from({ length: samples }, (_, sample) => ({
      item: items[i],
      prompt,
      key: `${key}.${indices[i]}.${sample}`,
      hand: toolbox?.hand(),
    }));
  });
  const generated = await generateTokens(
    model,
    requests.map(({ prompt, key, hand }) => ({ prompt, key, ...(hand !== undefined && { hand }) })),
    { ...options, ends: template.ends, vocabSize: tokenizer.vocabSize },
  );
  const rewarded = generated.map(async (tokens, i) => {
    const { item, prompt, hand } = requests[i], text = writtenText(tokenizer, tokens);
    const parts = await task.reward(item, text);
    return {
      ...tokens,
      item,
      prompt,
      text,
      parts,
      reward: rewardOf(parts, { task: task.name, id: item.id }),
      calls: hand?.calls ?? 0,
      failures: hand?.failures ?? 0,
    };
  });
  return await unlessStopped(Promise.all(rewarded), stopping);
}

/** The text after the last token that was forced, without special tokens. */
function writtenText(tokenizer: Tokenizer, { ids, chosen }: GeneratedTokens): string {
  const after = chosen.lastIndexOf(0) + 1;
  return tokenizer.decode(ids.slice(after).filter((id) => !tokenizer.isSpecialToken(id)));
}
