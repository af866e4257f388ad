/**
 * The tasks of the little world.
 *
 * @module
 */
import { arithmetic } from "../../../stages/task/verified/arithmetic.ts";
import { countries } from "../../../stages/task/verified/countries.ts";
import { spellingBee } from "../../../stages/task/verified/spelling_bee.ts";
import type { Task } from "../../../stages/task/verified/task.ts";

/** Returns the tasks of the little world. */
export async function worldTasks(): Promise<readonly Task[]> {
  return [arithmetic(), await countries(), await spellingBee()];
}
