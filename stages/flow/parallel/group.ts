/**
 * A group of stages that remember nothing from one item to the next, run apart from a flow: in a worker, or inline.
 *
 * @module
 */
import type { RunEvent } from "../events.ts";
import type { Inlet } from "../run/inlet.ts";
import type { Wait } from "../run/wait.ts";
import type { Measure } from "../lengths.ts";
import { SegmentClock } from "../run/segment_clock.ts";
import { StageMeter } from "../run/stage_meter.ts";
import type { Json } from "../../disk/json.ts";
import type { StageCounts } from "../checkpoint/types.ts";
import type { Reject } from "../rejects.ts";
import type { WorkerProgress } from "./progress_watchdog.ts";
import { StageNode } from "../run/stage_node.ts";
import type { Stage } from "../stage.ts";

/** What is run: a function exported by a module, from plain options to stages. */
export interface GroupModule {
  /** The module's URL: `import.meta.resolve("./my_group.ts")`. */
  readonly module: string;
  /** The function's name. It gives a list of stages that remember nothing from one item to the next. */
  readonly group: string;
  /** What the function is given. */
  readonly options: Json;
  /** The name of an exported Measure, for the runs that measure. */
  readonly measure?: string;
}

/** What came of some items, in order. */
export type Outcome =
  | Readonly<{ kind: "out"; item: unknown }>
  | Readonly<{ kind: "reject"; reject: Reject }>
  | Readonly<{ kind: "event"; event: RunEvent }>;

/** What one of its stages has counted since it was last asked; `busy` in milliseconds. */
export type StageTally = StageCounts & { readonly name: string; readonly busy: number };

/** Outcomes, and a tally for each stage in order. */
export type GroupResult = Readonly<{ outcomes: readonly Outcome[]; tallies: readonly StageTally[] }>;

/** What a group is run with. */
export interface GroupOptions {
  /** The run's. */
  readonly seed: number;
  /** For long work inside. */
  readonly signal: AbortSignal;
  /** Give back dropped items too. */
  readonly keeps: boolean;
  /** Sum up lengths. */
  readonly measures: boolean;
  /** Told of each stage that an item reaches. */
  readonly progress?: WorkerProgress;
}

/** Pushes items through the stages of a group. */
export class Group {
  readonly #nodes: readonly StageNode[];
  readonly #clock = new SegmentClock(new StageMeter("outside"));
  #outcomes: Outcome[] = [];

  constructor(
    stages: readonly Stage<any, any>[],
    options: GroupOptions & { readonly measure: Measure | null },
  ) {
    const { seed, signal, keeps, measure, progress } = options;
    const note = (outcome: Outcome): void => void this.#outcomes.push(outcome);
    const place = {
      segment: { clock: this.#clock, signal },
      host: {
        seed,
        stopping: false,
        emit: (event: RunEvent) => note({ kind: "event", event }),
        pause: () => {},
      },
      restored: () => undefined,
      measure,
    };
    this.#nodes = stages.map((stage) => new StageNode(refuseMemory(stage), place));
    const end = inlet((item) => note({ kind: "out", item }));
    const sink = inlet((item) => note({ kind: "reject", reject: item as Reject }));
    this.#nodes.forEach((node, i) => {
      node.next = watched(this.#nodes[i + 1], { progress, number: i + 1 }) ?? end;
      if (keeps) node.rejects.push({ stage: null, inlet: sink });
    });
  }

  /** Loads and opens it. Throws TypeError for a stage that remembers, and where the module lacks what is named. */
  static async open(work: GroupModule, options: GroupOptions): Promise<Group> {
    const exported: Readonly<Record<string, unknown>> = await import(work.module);
    const make = functionOf(exported, work.module, work.group);
    const measure = options.measures && work.measure !== undefined
      ? functionOf(exported, work.module, work.measure)
      : null;
    const group = new Group(make(work.options), { ...options, measure });
    for (const node of group.#nodes) await node.open();
    return group;
  }

  /** Closes its stages, the last first. */
  async close(): Promise<void> {
    for (const node of this.#nodes.toReversed()) await node.closing.close();
  }

  /** Pushes one item through; `take` gives what came of it. */
  push(item: unknown): Wait {
    const wait = this.#nodes[0].item(item);
    if (wait !== undefined) return wait.then(() => this.#clock.lap());
    this.#clock.lap();
  }

  /** What has come since it was last asked. Throws TypeError if a stage has drawn random numbers. */
  take(): GroupResult {
    const drawer = this.#nodes.find(({ rng }) => rng.drawn > 0)?.stage.name;
    if (drawer !== undefined) {
      throw new TypeError(
        `Stage ${drawer} draws from ctx.rng: in a group that would depend on the worker: key it by the item, with philox`,
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
  throw new TypeError(`${module} exports no function ${name}: a group is one from options to stages`);
}

/** A node that says when an item reaches it. */
function watched(
  node: StageNode | undefined,
  { progress, number }: { readonly progress: WorkerProgress | undefined; readonly number: number },
): Inlet | undefined {
  if (node === undefined || progress === undefined) return node;
  return {
    item: (item) => (progress.reach(number), node.item(item)),
    barrier: (gathering) => node.barrier(gathering),
    end: () => node.end(),
  };
}

function inlet(item: (item: unknown) => void): Inlet {
  return { item, barrier: (gathering) => gathering.arrive(), end: () => {} };
}

function refuseMemory(stage: Stage<any, any>): Stage<any, any> {
  const sign = (["flush", "settle", "done", "takesCheckpoints"] as const).find((member) =>
    stage[member] !== undefined
  );
  if (sign === undefined) return stage;
  throw new TypeError(
    `Stage ${stage.name} has ${sign}, so it remembers: a group holds only stages without memory`,
  );
}
