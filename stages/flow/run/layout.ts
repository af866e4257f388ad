/**
 * Turns the steps of a flow into nodes that pass items to each other. The nodes form segments that run
 * concurrently.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import type { Measure } from "../lengths.ts";
import { sinksOf } from "../rejects.ts";
import type { Source, Stage } from "../stage.ts";
import type { Step } from "../step.ts";
import { type CheckpointHost, CheckpointNode } from "./checkpoint_node.ts";
import { Downstream } from "./downstream.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import { ReadAheadQueue } from "./read_ahead_queue.ts";
import { SegmentClock } from "./segment_clock.ts";
import { StageMeter } from "./stage_meter.ts";
import { StageNode } from "./stage_node.ts";
import type { Segment } from "./stage_place.ts";
import { TeeNode } from "./tee_node.ts";

/** A segment that can be stopped independently of the other segments. */
export class RunSegment implements Segment {
  readonly #controller = new AbortController();
  readonly clock: SegmentClock;
  readonly signal: AbortSignal = this.#controller.signal;
  #halted = false;

  /**
   * `first` is the meter of the source, or the meter of the time spent waiting for the queue before the
   * segment.
   */
  constructor(readonly first: StageMeter, readonly index: number) {
    this.clock = new SegmentClock(first);
  }

  get halted(): boolean {
    return this.#halted;
  }

  /** Ends the segment because everything after it has ended. */
  stop(): void {
    this.#controller.abort(new StopUpstream(null));
  }

  /** Ends the segment because the run has ended. */
  halt(reason: unknown): void {
    this.#halted = true;
    this.#controller.abort(reason);
  }
}

/** The stages up to a branch point or to the end, and what follows on both sides of the branch point. */
export interface Chain {
  readonly nodes: StageNode[];
  sides: readonly Chain[];
}

/** A flow that is ready to run. */
export interface Layout {
  readonly inlet: Inlet;
  /**
   * Number of leaves that a barrier from the source reaches; the input of the CheckpointNode counts as one.
   */
  readonly leaves: number;
  /** Number of leaves that a barrier from the CheckpointNode reaches. */
  readonly checkpointLeaves: number;
  readonly nodes: readonly StageNode[];
  /** Node of the stage that takes checkpoints; null if the flow has no such stage. */
  readonly checkpointNode: CheckpointNode | null;
  /** All segments; the source's segment comes first. */
  readonly segments: readonly RunSegment[];
  /** Each read-ahead queue with the segment after it. */
  readonly queues: readonly { readonly queue: ReadAheadQueue; readonly segment: RunSegment }[];
  /** The stages from the source on. */
  readonly trunk: Chain;
  /** Whether the flow has a branch point. */
  readonly divided: boolean;
  /** How each stage is connected. */
  readonly links: ReadonlyMap<StageNode, StageLink>;
}

/** How a stage is connected to the stages before it. */
export interface StageLink {
  /** The stage that it gets its items from; null for the source. */
  readonly after: StageNode | null;
  /** The queue directly before the stage; null without one. */
  queue: ReadAheadQueue | null;
  readonly segment: RunSegment;
  /** Meters upstream of the stage in its segment. */
  readonly before: readonly StageMeter[];
}

/** What a layout needs besides the steps. */
export interface LayoutOptions {
  readonly host: CheckpointHost;
  /** Inlet for the output of the last step. */
  readonly end: Inlet;
  /** The checkpoint from which the run resumes; null if there is none. */
  readonly saved: ReadonlyMap<string, StageSnapshot> | null;
  /** Whether the run keeps checkpoints. */
  readonly saves: boolean;
  readonly measure: Measure | null;
}

/** Lays a flow out. Throws TypeError if two stages have the same name or two stages take checkpoints. */
export function layOut(source: Source<any>, steps: readonly Step[], options: LayoutOptions): Layout {
  return new LayoutBuilder(source.name, options).build(steps);
}

/** The inlet of a chain of steps, and the number of leaves that a barrier reaches through it. */
type BuiltSteps = { readonly inlet: Inlet; readonly leaves: number };

/** Where the next node is placed. */
type NodePlace = {
  readonly segment: RunSegment;
  readonly before: readonly StageMeter[];
  /** The stage before; null for the source. */
  readonly after: StageNode | null;
  readonly onBranch: boolean;
  /** The chain that the node is added to. */
  readonly chain: Chain;
  /** Called when everything from here on has ended before its upstream. */
  readonly onEnd: () => void;
};

class LayoutBuilder {
  readonly #options: LayoutOptions;
  readonly #names: Set<string>;
  readonly #nodes: StageNode[] = [];
  readonly #segments: RunSegment[];
  readonly #queues: { queue: ReadAheadQueue; segment: RunSegment }[] = [];
  readonly #links = new Map<StageNode, StageLink>();
  #checkpointNode: CheckpointNode | null = null;
  #checkpointLeaves = 0;
  readonly #trunk: Chain = { nodes: [], sides: [] };

  constructor(source: string, options: LayoutOptions) {
    this.#options = options;
    this.#names = new Set([source]);
    const meter = new StageMeter(source, options.saved?.get(source)?.counts, options.measure);
    this.#segments = [new RunSegment(meter, 0)];
  }

  build(steps: readonly Step[]): Layout {
    const [segment] = this.#segments;
    const built = this.#chain(steps, {
      segment,
      before: [segment.first],
      after: null,
      onBranch: false,
      chain: this.#trunk,
      onEnd: () => segment.stop(),
    });
    return {
      ...built,
      checkpointLeaves: this.#checkpointLeaves,
      nodes: this.#nodes,
      checkpointNode: this.#checkpointNode,
      segments: this.#segments,
      queues: this.#queues,
      trunk: this.#trunk,
      divided: this.#trunk.sides.length > 0,
      links: this.#links,
    };
  }

  #chain(steps: readonly Step[], place: NodePlace): BuiltSteps {
    if (steps.length === 0) return { inlet: place.onBranch ? branchEnd : this.#options.end, leaves: 1 };
    const [step, ...rest] = steps;
    if (step.kind === "tee") return this.#tee(step.branch, rest, place);
    const { ahead = 0 } = step.options;
    if (!Number.isInteger(ahead) || ahead < 0) {
      throw new RangeError(
        `Cannot read ${ahead} items ahead of ${step.stage.name}: expected a whole number of at least 0`,
      );
    }
    return ahead > 0 ? this.#queue(step, rest, place) : this.#stage(step, rest, place);
  }

  #stage(step: Step & { kind: "stage" }, rest: readonly Step[], place: NodePlace): BuiltSteps {
    const node = this.#node(step.stage, place);
    let leaves = 0;
    for (const { stage, sink } of sinksOf(step.options.rejects)) {
      const end = this.#node(sink, { ...behind(node, place), onBranch: true });
      end.next = branchEnd;
      end.isSink = true;
      node.rejects.push({ stage, inlet: this.#part({ inlet: end, leaves: 1 }, { segment: place.segment }) });
      leaves++;
    }
    const after = this.#chain(rest, behind(node, place));
    node.next = after.inlet;
    leaves += after.leaves;
    if (!(node instanceof CheckpointNode)) return { inlet: node, leaves };
    this.#checkpointLeaves = leaves;
    return { inlet: node, leaves: 1 };
  }

  #node(stage: Stage<any, any>, { segment, before, after, chain }: NodePlace): StageNode {
    const { host, saved, measure } = this.#options;
    if (this.#names.has(stage.name)) {
      throw new TypeError(
        `Two stages are called ${stage.name}: states are saved by name: give one of them another name`,
      );
    }
    this.#names.add(stage.name);
    const restored = (name: string): StageSnapshot | undefined => saved?.get(name);
    let node: StageNode;
    if (stage.takesCheckpoints) {
      if (this.#checkpointNode !== null) {
        throw new TypeError(
          `Both ${this.#checkpointNode.stage.name} and ${stage.name} take checkpoints: a flow has one such stage`,
        );
      }
      node = this.#checkpointNode = new CheckpointNode(stage, { host, segment, restored, measure });
    } else {
      node = new StageNode(stage, { host, segment, restored, measure });
    }
    chain.nodes.push(node);
    this.#nodes.push(node);
    this.#links.set(node, { after, queue: null, segment, before });
    return node;
  }

  /** Builds a stage in its own segment, whose input is a read-ahead queue. */
  #queue(step: Step & { kind: "stage" }, rest: readonly Step[], place: NodePlace): BuiltSteps {
    const waiting = new StageMeter("waiting");
    const segment = new RunSegment(waiting, this.#segments.length);
    this.#segments.push(segment);
    const onEnd = () => segment.stop();
    const number = this.#nodes.length;
    const built = this.#stage(step, rest, { ...place, segment, before: [waiting], onEnd });
    const first = this.#links.get(this.#nodes[number]);
    const queue = new ReadAheadQueue({
      before: place.segment,
      after: segment,
      downstream: this.#part(built, { segment, onEnd: place.onEnd }),
      waiting,
      ahead: step.options.ahead ?? 1,
    });
    this.#queues.push({ queue, segment });
    if (first !== undefined) first.queue = queue;
    return { inlet: queue, leaves: built.leaves };
  }

  /** Builds a branch point. It ends when both of its sides have ended. */
  #tee(branch: readonly Step[], rest: readonly Step[], place: NodePlace): BuiltSteps {
    const ended = new Set<string>();
    const sidePlace = (side: string): NodePlace => ({
      ...place,
      chain: { nodes: [], sides: [] },
      onEnd: () => {
        if (ended.add(side).size === 2) place.onEnd();
      },
    });
    const branchPlace = { ...sidePlace("branch"), onBranch: true }, trunkPlace = sidePlace("trunk");
    place.chain.sides = [branchPlace.chain, trunkPlace.chain];
    const side = this.#chain(branch, branchPlace), trunk = this.#chain(rest, trunkPlace);
    return {
      inlet: new TeeNode(this.#part(side, branchPlace), this.#part(trunk, trunkPlace)),
      leaves: side.leaves + trunk.leaves,
    };
  }

  #part(
    { inlet, leaves }: BuiltSteps,
    { segment, onEnd }: Pick<NodePlace, "segment"> & { readonly onEnd?: () => void },
  ): Downstream {
    return new Downstream(inlet, {
      leaves,
      segment,
      saves: this.#options.saves,
      ...(onEnd !== undefined && { onEnd }),
    });
  }
}

/** Returns the place directly after a node. */
function behind(node: StageNode, place: NodePlace): NodePlace {
  return { ...place, before: [...place.before, node.meter], after: node };
}

/** Drops the output of a branch's last stage. */
const branchEnd: Inlet = {
  begin: () => {},
  item: () => {},
  barrier: (pending) => pending.arrive(),
  end: () => {},
};
