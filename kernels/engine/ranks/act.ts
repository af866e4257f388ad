/**
 * Does in one rank what all ranks do with their sessions.
 *
 * @module
 */
import type { TensorMap } from "../../core/tensor.ts";
import type { Ranks } from "../../dist/ranks.ts";
import type { ReplayOptions, Session } from "../engine.ts";
import type { Action } from "./messages.ts";
import { beginSum, sumTensors } from "./sum_tensors.ts";

/** What a rank remembers from one action to the next. */
export interface RankState {
  /** What it has kept for the next `gather`. */
  readonly kept: Float32Array[];
  /** The sums that were begun since the last `sum`. */
  readonly begun: Promise<void>[];
}

/** Returns the state before the first action. */
export function newState(): RankState {
  return { kept: [], begun: [] };
}

/** What an action needs besides itself. */
export interface ActOptions extends ReplayOptions {
  readonly ranks: Ranks;
  /** This rank's data of a `write`. */
  readonly data: TensorMap | undefined;
  readonly state: RankState;
  /** Whether this rank has been asked to stop. */
  readonly stops: boolean;
}

/** The result of an action: the gathered tensor, or whether a rank has been asked to stop. */
export interface ActionResult {
  readonly gathered?: Float32Array;
  readonly stops?: boolean;
}

/** Does one action. Throws the error of the session. */
export async function act(
  session: Session,
  action: Action,
  { ranks, data = {}, state: { kept, begun }, stops, ...options }: ActOptions,
): Promise<ActionResult> {
  switch (action.type) {
    case "write":
      session.write(data);
      return {};
    case "run":
      await session.run(action.programs, options);
      return {};
    case "begin sum": {
      const sum = beginSum(session, { ...action, ranks });
      sum.catch(() => {}); // the next `sum` throws it
      begun.push(sum);
      return {};
    }
    case "sum":
      await Promise.all(begun.splice(0));
      return { stops: await sumTensors(session, { ...action, ranks, stops }) };
    case "keep":
      kept.push(await floatsOf(session, action.label));
      return {};
    case "gather":
      return { gathered: await ranks.gather(joined(kept.splice(0))) };
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function floatsOf(session: Session, label: string): Promise<Float32Array> {
  const { data } = (await session.read([label]))[label];
  if (data instanceof Float32Array) return data;
  throw new TypeError(`Cannot keep ${label}: it is not f32`);
}
