/**
 * The CPU engine without Workers: the calling thread executes the kernels. This needs no permission, but a
 * run blocks the event loop until it ends.
 *
 * @module
 */
import { runListAddress, word } from "./control.ts";
import { KernelThread } from "./kernel_thread.ts";
import { failureText, type SessionMemory, startOf, type ThreadOptions, type Threads } from "./threads.ts";
import type { Program } from "../../core/program.ts";

/** Instantiates the kernels on the calling thread. Throws the errors of `openBlas`. */
export function callingThread(
  programs: readonly Program[],
  { options, memory }: { options: ThreadOptions; memory: SessionMemory },
): Threads {
  const { control, layout } = memory;
  const thread = new KernelThread(startOf(0, { options, memory }), control);
  const timed: { thread: number; times: Float64Array }[] = [];
  let broken: Error | undefined; // error of the first failure; tensors then have unknown values
  return {
    ready: Promise.resolve(),
    run(tables, withTimes): Promise<void> {
      if (broken !== undefined) return Promise.reject(broken);
      control.set(tables, runListAddress / 4);
      control[word.programs] = tables.length;
      control[word.timed] = Number(withTimes);
      const outcome = thread.run();
      if (outcome === "aborted") throw new Error("Cannot be aborted by another thread: there is none");
      if ("failed" in outcome) {
        broken = new Error(failureText(outcome, { programs, layout }));
        return Promise.reject(broken);
      }
      if (outcome.times !== null) timed.push({ thread: 0, times: outcome.times });
      return Promise.resolve();
    },
    times: () => Promise.resolve(timed.splice(0)),
    end: () => thread[Symbol.dispose](),
  };
}
