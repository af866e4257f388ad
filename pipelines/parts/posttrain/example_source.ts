/**
 * Sources of examples: files, or the little world.
 *
 * @module
 */
import type { Example } from "../../../stages/chat/conversation.ts";
import type { Source } from "../../../stages/flow/stage.ts";
import { littleWorld } from "../../../stages/task/verified/little_world.ts";
import { heldOutFrom, type Task } from "../../../stages/task/verified/task.ts";

/** Position in the little world. */
interface WorldState {
  next: number;
}

/**
 * Returns the examples of the little world, without end: first the sentences that a new model begins with,
 * then conversations.
 */
export function worldSource({ sentences }: { readonly sentences: number }): Source<Example, WorldState> {
  return {
    name: "the little world",
    open: (_ctx, saved) => ({ next: saved?.next ?? 0 }),
    async *read(state) {
      const world = await littleWorld();
      for (;;) {
        const index = state.next++;
        yield await (index < sentences ? world.sentence(index) : world.conversation(index - sentences));
      }
    },
  };
}

/**
 * Returns conversations of a task, without end and without its held-out items: the solutions of an item take
 * turns. Throws RangeError for a task without solutions.
 */
export function taskSource(task: Task): Source<Example, WorldState> {
  return {
    name: `the task ${task.name}`,
    open: (_ctx, saved) => ({ next: saved?.next ?? 0 }),
    async *read(state) {
      const count = heldOutFrom(task);
      for (;;) {
        const index = state.next++, turn = index + Math.floor(index / count);
        const { id, messages, solutions = [] } = await task.item(index % count);
        if (solutions.length === 0) {
          throw new RangeError(
            `A new model cannot learn the task ${task.name}: its item ${id} has no solutions to imitate: give the item solutions, or start from a model`,
          );
        }
        yield { id, messages: [...messages, solutions[turn % solutions.length]] };
      }
    },
  };
}
