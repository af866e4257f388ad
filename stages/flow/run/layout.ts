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
  /**
   * Whether the segment contains a branch point. Such a segment must not stop when only one side has ended.
   */
  divided = false;

  /**
   * `first` is the meter of the source, or the meter of the time spent waiting for the queue before the
   * segment.
   */
  constructor(readonly first: StageMeter) {
    this.clock = new SegmentClock(first);
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
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
  /** For each stage, the meters upstream of it in its segment. */
  readonly before: ReadonlyMap<StageNode, readonly StageMeter[]>;
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
  readonly onBranch: boolean;
};

class LayoutBuilder {
  readonly #options: LayoutOptions;
  readonly #names: Set<string>;
  readonly #nodes: StageNode[] = [];
  readonly #segments: RunSegment[];
  readonly #queues: { queue: ReadAheadQueue; segment: RunSegment }[] = [];
  readonly #before = new Map<StageNode, readonly StageMeter[]>();
  #checkpointNode: CheckpointNode | null = null;
  #checkpointLeaves = 0;

  constructor(source: string, options: LayoutOptions) {
    this.#options = options;
    this.#names = new Set([source]);
    const meter = new StageMeter(source, options.saved?.get(source)?.counts, options.measure);
    this.#segments = [new RunSegment(meter)];
  }

  build(steps: readonly Step[]): Layout {
    const [segment] = this.#segments;
    const built = this.#chain(steps, { segment, before: [segment.first], onBranch: false });
    return {
      ...built,
      checkpointLeaves: this.#checkpointLeaves,
      nodes: this.#nodes,
      checkpointNode: this.#checkpointNode,
      segments: this.#segments,
      queues: this.#queues,
      before: this.#before,
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
      const inlet = this.#node(sink, { ...place, before: [...place.before, node.meter], onBranch: true });
      inlet.next = branchEnd;
      node.rejects.push({ stage, inlet });
      leaves++;
    }
    const after = this.#chain(rest, { ...place, before: [...place.before, node.meter] });
    node.next = after.inlet;
    leaves += after.leaves;
    if (!(node instanceof CheckpointNode)) return { inlet: node, leaves };
    this.#checkpointLeaves = leaves;
    return { inlet: node, leaves: 1 };
  }

  #node(stage: Stage<any, any>, { segment, before, onBranch }: NodePlace): StageNode {
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
    node.onBranch = onBranch;
    this.#nodes.push(node);
    this.#before.set(node, before);
    return node;
  }

  /** Builds a stage in its own segment, whose input is a read-ahead queue. */
  #queue(step: Step & { kind: "stage" }, rest: readonly Step[], place: NodePlace): BuiltSteps {
    const waiting = new StageMeter("waiting");
    const segment = new RunSegment(waiting);
    this.#segments.push(segment);
    const built = this.#stage(step, rest, { ...place, segment, before: [waiting] });
    const queue = new ReadAheadQueue({
      before: place.segment,
      after: segment,
      downstream: new Downstream(built.inlet, built.leaves),
      waiting,
      ahead: step.options.ahead ?? 1,
      saves: this.#options.saves,
      onEnd: () => {
        if (!place.segment.divided) place.segment.abort(new StopUpstream(null));
      },
    });
    this.#queues.push({ queue, segment });
    return { inlet: queue, leaves: built.leaves };
  }

  #tee(branch: readonly Step[], rest: readonly Step[], place: NodePlace): BuiltSteps {
    place.segment.divided = true;
    const side = this.#chain(branch, { ...place, onBranch: true });
    const trunk = this.#chain(rest, place);
    const sides = [new Downstream(side.inlet, side.leaves), new Downstream(trunk.inlet, trunk.leaves)];
    return {
      inlet: new TeeNode(sides, place.segment, this.#options.saves),
      leaves: side.leaves + trunk.leaves,
    };
  }
}

/** Drops the output of a branch's last stage. */
const branchEnd: Inlet = { item: () => {}, barrier: (pending) => pending.arrive(), end: () => {} };
