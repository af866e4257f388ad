/**
 * What the ranks other than rank 0 do: open the devices and run the programs that rank 0 names, until it says
 * that the run has ended.
 *
 * @module
 */
import type { Op } from "../../core/graph.ts";
import type { Ranks } from "../../dist/ranks.ts";
import type { Engine, Session } from "../engine.ts";
import { type EngineRequest, receiveMessage, receiveTensors } from "./messages.ts";
import { agreeOnDevices } from "./opened.ts";
import { programFromJson } from "./program_json.ts";
import { floatsOf } from "./rank_engine.ts";
import { sumTensors } from "./sum_tensors.ts";

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
  let session: Session | null = null;
  const opened = (): Session => {
    if (session === null) throw new TypeError("Rank 0 has opened no session");
    return session;
  };
  for (;;) {
    const message = await receiveMessage(ranks);
    switch (message.type) {
      case "open": {
        const weights = await receiveTensors(ranks, message.weights);
        const made = await open(options, { ...message, weights }).catch((error: Error) => error);
        session = made instanceof Error ? null : made.session;
        await agreeOnDevices(ranks, made instanceof Error ? made : made.device).catch(() => {}); // rank 0 tells
        break;
      }
      case "run":
        for (const heads of message.writes) opened().write(await receiveTensors(ranks, heads));
        await opened().run(message.programs);
        break;
      case "sum":
        await sumTensors(opened(), { ...message, ranks, stops: options.isStopping() });
        break;
      case "gather":
        await ranks.gather(await floatsOf(opened(), message.label));
        break;
      case "close":
        await session?.[Symbol.asyncDispose]();
        session = null;
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
  { request, programs, weights }: {
    readonly request: EngineRequest;
    readonly programs: readonly Parameters<typeof programFromJson>[0][];
    readonly weights: Awaited<ReturnType<typeof receiveTensors>>;
  },
): Promise<{ readonly session: Session; readonly device: string }> {
  const engine = await openEngine(request);
  const session = await engine.open(programs.map((program) => programFromJson(program, ops)), weights);
  return { session, device: engine.device };
}
