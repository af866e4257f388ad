/**
 * What the ranks other than rank 0 do: open the devices and run the programs that rank 0 names, until it says
 * that the run has ended.
 *
 * @module
 */
import type { Op } from "../../core/graph.ts";
import type { TensorMap } from "../../core/tensor.ts";
import type { Ranks } from "../../dist/ranks.ts";
import type { Engine, Session } from "../engine.ts";
import { act, newState, type RankState } from "./act.ts";
import { type EngineRequest, type Message, receiveMessage } from "./messages.ts";
import { agreeOnDevices } from "./opened.ts";
import { programsFromJson } from "./program_json.ts";

/** What a rank needs besides messages. */
export interface FollowOptions {
  /** All ops that programs may call. */
  readonly ops: readonly Op<any>[];
  /** Opens the engine that rank 0 asks for. */
  openEngine(request: EngineRequest): Promise<Engine>;
  /** Returns whether this process has been asked to stop, which rank 0 will hear with the next sum. */
  isStopping(): boolean;
}

/**
 * Follows rank 0 until the run has ended. Throws the error of a program that fails; the caller then ends all
 * ranks.
 */
export async function follow(ranks: Ranks, options: FollowOptions): Promise<void> {
  const sessions = new Map<number, { readonly session: Session; readonly state: RankState }>();
  for (;;) {
    const { message, tensors } = await receiveMessage(ranks);
    switch (message.type) {
      case "open": {
        const made = await open(options, { message, weights: tensors[0] }).catch((error: Error) => error);
        if (!(made instanceof Error)) {
          sessions.set(message.session, { session: made.session, state: newState() });
        }
        await agreeOnDevices(ranks, made instanceof Error ? made : made.device).catch(() => {});
        break;
      }
      case "do": {
        const opened = sessions.get(message.session);
        if (opened === undefined) throw new TypeError(`Rank 0 has opened no session ${message.session}`);
        const rest = [...tensors];
        for (const action of message.actions) {
          const data = action.type === "write" ? rest.shift() : undefined;
          await act(opened.session, action, {
            ranks,
            data,
            state: opened.state,
            stops: options.isStopping(),
          });
        }
        break;
      }
      case "close":
        await sessions.get(message.session)?.session[Symbol.asyncDispose]();
        sessions.delete(message.session);
        break;
      case "ping":
        break;
      case "end":
        return await ranks.close();
    }
  }
}

async function open(
  { ops, openEngine }: FollowOptions,
  { message: { request, programs }, weights }: {
    readonly message: Extract<Message, { type: "open" }>;
    readonly weights: TensorMap;
  },
): Promise<{ readonly session: Session; readonly device: string }> {
  const engine = await openEngine(request);
  const session = await engine.open(programsFromJson(programs, ops), weights);
  return { session, device: engine.device };
}
