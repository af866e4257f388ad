/**
 * A group of stateless stages. It runs in a worker or in this thread.
 *
 * @module
 */
import type { Json } from "../../disk/json.ts";
import type { StageCounts } from "../checkpoint/types.ts";
import type { RunEvent } from "../events.ts";
import type { Measure } from "../lengths.ts";
import type { Reject } from "../rejects.ts";
import type { Inlet } from "../run/inlet.ts";
import { SegmentClock } from "../run/segment_clock.ts";
import { StageMeter } from "../run/stage_meter.ts";
import { StageNode } from "../run/stage_node.ts";
import type { StagePlace } from "../run/stage_place.ts";
import type { Wait } from "../run/wait.ts";
import type { Stage } from "../stage.ts";
import type { WorkerProgress } from "./progress_watchdog.ts";

/**
 * Names a function that makes a group. The function is exported by a module, takes plain options and returns
 * a list of stages or a promise of it.
 */
export interface GroupModule {
  /** The module's URL: `import.meta.resolve("./my_group.ts")`. */
  readonly module: string;
  /** The function's name. The stages that it returns must not remember anything from one item to the next. */
  readonly group: string;
  /** The function's argument. */
  readonly options: Json;
  /** The name of an exported Measure, used if the run measures lengths. */
  readonly measure?: string;
}

/** One result of pushing items through a group. Results are in the order of the items. */
export type Outcome =
  | Readonly<{ kind: "out"; item: unknown }>
  | Readonly<{ kind: "reject"; reject: Reject }>
  | Readonly<{ kind: "event"; event: RunEvent }>;

/** What one stage of a group has counted since the last result. `busy` is in milliseconds. */
export type StageTally = StageCounts & { readonly name: string; readonly busy: number };

/** Outcomes of some items, and a tally for each stage in order. */
export type GroupResult = Readonly<{ outcomes: readonly Outcome[]; tallies: readonly StageTally[] }>;

/** How a group is run. */
export interface GroupOptions {
  /** The run's seed. */
  readonly seed: number;
  /** Signal passed to the stages, which aborts long work. */
  readonly signal: AbortSignal;
  /** Whether dropped items are among the outcomes. */
  readonly keepsRejects: boolean;
  /** Whether the lengths of items are measured. */
  readonly measures: boolean;
  /** Records which stage an item has reached. */
  readonly progress?: WorkerProgress;
}

/** Pushes items through the stages of a group. */
export class Group {
  readonly #nodes: readonly StageNode[];
  readonly #clock = new SegmentClock(new StageMeter("outside the group"));
  #outcomes: Outcome[] = [];

  constructor(
    stages: readonly Stage<any, any>[],
    options: GroupOptions & { readonly measure: Measure | null },
  ) {
    const { seed, signal, keepsRejects, measure, progress } = options;
    const add = (outcome: Outcome): void => void this.#outcomes.push(outcome);
    const place: StagePlace = {
      segment: { index: 0, clock: this.#clock, signal, halted: false },
      host: {
        seed,
        stopping: false,
        takeCheckpointRequest: () => false,
        emit: (event: RunEvent) => add({ kind: "event", event }),
        afterFlushItem: () => {},
      },
      restored: () => undefined,
      measure,
    };
    this.#nodes = stages.map((stage) => new StageNode(withoutMemory(stage), place));
    const end = inletOf((item) => add({ kind: "out", item }));
    const sink = inletOf((item) => add({ kind: "reject", reject: item as Reject }));
    this.#nodes.forEach((node, i) => {
      node.next = recorded(this.#nodes[i + 1], { progress, number: i + 1 }) ?? end;
      if (keepsRejects) node.rejects.push({ stage: null, inlet: sink });
    });
  }

  /**
   * Loads the module and opens the stages. Throws TypeError if a stage is stateful or an export is missing.
   */
  static async open(source: GroupModule, options: GroupOptions): Promise<Group> {
    const exported: Readonly<Record<string, unknown>> = await import(source.module);
    const stagesOf = functionOf(exported, source.module, source.group);
    const measure = options.measures && source.measure !== undefined
      ? functionOf(exported, source.module, source.measure)
      : null;
    const group = new Group(await stagesOf(source.options), { ...options, measure });
    for (const node of group.#nodes) await node.open();
    return group;
  }

  /** Closes the stages, the last one first. */
  async close(): Promise<void> {
    for (const node of this.#nodes.toReversed()) await node.closing.close();
  }

  /** Pushes one item through the stages; `take` returns the outcomes. */
  push(item: unknown): Wait {
    const wait = this.#nodes[0].item(item);
    if (wait !== undefined) return wait.then(() => this.#clock.lap());
    this.#clock.lap();
  }

  /** Returns outcomes and counts since the last call. Throws TypeError if a stage has used `ctx.rng`. */
  take(): GroupResult {
    const drawer = this.#nodes.find(({ rng }) => rng.drawn > 0)?.stage.name;
    if (drawer !== undefined) {
      throw new TypeError(
        `Stage ${drawer} draws from ctx.rng: in a group the numbers would depend on the worker: ` +
          `draw from philox() with a key made from the item`,
      );
    }
    this.#clock.resume();
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    return { outcomes, tallies: this.#nodes.map(({ meter }) => ({ name: meter.name, ...meter.take() })) };
  }
}

function functionOf(
  exported: Readonly<Record<string, unknown>>,
  module: string,
  name: string,
): (argument: any) => any {
  const found = exported[name];
  if (typeof found === "function") return (argument) => found(argument);
  throw new TypeError(
    `Cannot run a group of ${module}: it exports no function ${name}: expected one from options to stages`,
  );
}

/** Wraps the inlet of a node, to record that an item has reached the node before the node processes it. */
function recorded(
  node: StageNode | undefined,
  { progress, number }: { readonly progress: WorkerProgress | undefined; readonly number: number },
): Inlet | undefined {
  if (node === undefined || progress === undefined) return node;
  return {
    begin: () => {},
    item: (item) => (progress.reach(number), node.item(item)),
    barrier: (pending) => node.barrier(pending),
    end: () => node.end(),
  };
}

function inletOf(item: (item: unknown) => void): Inlet {
  return { begin: () => {}, item, barrier: (pending) => pending.arrive(), end: () => {} };
}

/** Returns the stage. Throws TypeError if it has a member that only a stateful stage needs. */
function withoutMemory(stage: Stage<any, any>): Stage<any, any> {
  const members = ["flush", "settle", "done", "takesCheckpoints"] as const;
  const member = members.find((name) => stage[name] !== undefined);
  if (member === undefined) return stage;
  throw new TypeError(
    `Stage ${stage.name} has ${member}, so it has memory: a group takes only stages without memory`,
  );
}
