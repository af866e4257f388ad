/**
 * The stage that asks a model held-out questions during training.
 *
 * @module
 */
import { periodic } from "../flow/periodic.ts";
import type { Context, Stage } from "../flow/stage.ts";
import type { ModelSession } from "../model/model_session.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { heldOutFrom, type Task } from "../task/verified/task.ts";
import { type AnswerOptions, answerQuestions } from "./answer_questions.ts";
import { StoppedError } from "./until_stopped.ts";

/** How a model is asked. */
export interface CheckAnswersOptions extends Omit<AnswerOptions, "seed" | "signal" | "stopping"> {
  /** Number of updates between checks; there is one after the last update too. 0: none at all. */
  readonly every: number;
  /** Number of updates before the first check. Default 0. */
  readonly after?: number;
  /** The tasks. */
  readonly tasks: readonly Task[];
  /** Number of questions of each task; of a task with fewer held-out items, all of these. */
  readonly items: number;
}

/**
 * Asks held-out questions every N updates, emits the mean rewards and one answer, and passes the model on. If
 * the run is stopping while a task's own function is waited for, the check is abandoned with a note.
 */
export function checkAnswers(
  { every, after = 0, ...options }: CheckAnswersOptions,
): Stage<ModelUpdate, ModelUpdate> {
  return periodic("answers", {
    every,
    open: (saved?: { readonly checked?: number }) => ({ actedOn: saved?.checked ?? -1 }),
    async act({ step, model, reported }, _state, ctx) {
      if (step < after) return;
      await reported();
      try {
        await checkTasks(model, { step, ctx }, options);
      } catch (error) {
        if (!(error instanceof StoppedError)) throw error;
        ctx.emit({
          type: "note",
          text: `The check after step ${step} was abandoned: the run is stopping`,
        });
      }
    },
    save: ({ actedOn }) => ({ checked: actedOn }),
  });
}

/**
 * Asks a model held-out questions of each task after `step` updates, and emits the mean rewards. Throws the
 * errors of `answerQuestions`.
 */
export async function checkTasks(
  model: ModelSession,
  { step, ctx }: {
    readonly step: number;
    readonly ctx: Pick<Context, "emit" | "signal" | "seed" | "stopping">;
  },
  { tasks, items, ...options }: Omit<CheckAnswersOptions, "every" | "after">,
): Promise<void> {
  for (const task of tasks) {
    const first = heldOutFrom(task), { signal, seed } = ctx;
    const length = Math.min(items, (task.size ?? Infinity) - first);
    if (length === 0) continue; // the task has a single item, which is trained on
    const indices = Array.from({ length }, (_, i) => first + i);
    const answers = await answerQuestions(
      model,
      { task, indices, samples: 1, key: "check" },
      { ...options, signal, seed, stopping: () => ctx.stopping },
    );
    const mean = (of: (answer: typeof answers[number]) => number) =>
      answers.reduce((sum, answer) => sum + of(answer), 0) / answers.length;
    ctx.emit({
      type: "task",
      step,
      task: task.name,
      reward: mean(({ reward }) => reward),
      items: answers.length,
      ...(task.seen === true && { seen: true }),
      ...(options.toolbox !== undefined && { toolShare: mean(({ calls }) => Number(calls > 0)) }),
    });
    const [{ prompt, ids }] = answers, { tokenizer } = options;
    ctx.emit({ type: "sample", step, prompt: tokenizer.decode(prompt), text: tokenizer.decode(ids) });
  }
}
