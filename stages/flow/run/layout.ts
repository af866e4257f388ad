/**
 * From the steps of a flow to nodes that pass items to each other, grouped in segments that run side by side.
 *
 * @module
 */
import type { StageSnapshot } from "../checkpoint/types.ts";
import { type CheckpointHost, CheckpointNode } from "./checkpoint_node.ts";
import type { Step } from "../step.ts";
import { type Inlet, StopUpstream } from "./inlet.ts";
import type { Measure } from "../lengths.ts";
import { ReadAheadQueue } from "./read_ahead_queue.ts";
import { SegmentClock } from "./segment_clock.ts";
import { StageMeter } from "./stage_meter.ts";
import { Downstream } from "./downstream.ts";
import { sinksOf } from "../rejects.ts";
import { type Segment, StageNode } from "./stage_node.ts";
import type { Source, Stage } from "../stage.ts";
import { TeeNode } from "./tee_node.ts";

/** What runs one after the other; it can be stopped on its own. */
export class RunSegment implements Segment {
  readonly #controller = new AbortController();
  readonly clock: SegmentClock;
  readonly signal: AbortSignal = this.#controller.signal;
  /** Several things hang on it, so it must not stop because one of them has ended. */
  divided = false;

  /** `first`: the source, or the wait for what comes before. */
  constructor(readonly first: StageMeter) {
    this.clock = new SegmentClock(first);
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}

/** A flow laid out to run. */
export interface Layout {
  readonly inlet: Inlet;
  /** How many ends a barrier from the source reaches; a cutting stage is one. */
  readonly leaves: number;
  readonly checkpointLeaves: number;
  readonly nodes: readonly StageNode[];
  readonly checkpointNode: CheckpointNode | null;
  /** The source's first. */
  readonly segments: readonly RunSegment[];
  readonly joints: readonly { readonly joint: ReadAheadQueue; readonly segment: RunSegment }[];
  /** Per stage, the meters of what is before it in its segment. */
  readonly before: ReadonlyMap<StageNode, readonly StageMeter[]>;
}

/** What a layout needs besides the steps. */
export interface LayoutOptions {
  readonly host: CheckpointHost;
  /** Takes what comes out of the last step. */
  readonly end: Inlet;
  readonly saved: ReadonlyMap<string, StageSnapshot> | null;
  readonly saves: boolean;
  readonly measure: Measure | null;
}

/** Lays a flow out. Throws TypeError where two stages have one name, or two stages cut. */
export function layOut(source: Source<any>, steps: readonly Step[], options: LayoutOptions): Layout {
  return new Plan(source.name, options).layOut(steps);
}

type Built = { readonly inlet: Inlet; readonly leaves: number };
type Place = {
  readonly segment: RunSegment;
  readonly before: readonly StageMeter[];
  readonly branch: boolean;
};

class Plan {
  readonly #options: LayoutOptions;
  readonly #names: Set<string>;
  readonly #nodes: StageNode[] = [];
  readonly #segments: RunSegment[];
  readonly #joints: { joint: ReadAheadQueue; segment: RunSegment }[] = [];
  readonly #before = new Map<StageNode, readonly StageMeter[]>();
  #cutting: CheckpointNode | null = null;
  #cutLeaves = 0;

  constructor(source: string, options: LayoutOptions) {
    this.#options = options;
    this.#names = new Set([source]);
    const meter = new StageMeter(source, options.saved?.get(source)?.counts, options.measure);
    this.#segments = [new RunSegment(meter)];
  }

  layOut(steps: readonly Step[]): Layout {
    const [segment] = this.#segments;
    const built = this.#chain(steps, { segment, before: [segment.first], branch: false });
    return {
      ...built,
      checkpointLeaves: this.#cutLeaves,
      nodes: this.#nodes,
      checkpointNode: this.#cutting,
      segments: this.#segments,
      joints: this.#joints,
      before: this.#before,
    };
  }

  #chain(steps: readonly Step[], place: Place): Built {
    if (steps.length === 0) return { inlet: place.branch ? branchEnd : this.#options.end, leaves: 1 };
    const [step, ...rest] = steps;
    if (step.kind === "tee") return this.#tee(step.branch, rest, place);
    const { ahead = 0 } = step.options;
    if (!Number.isInteger(ahead) || ahead < 0) {
      throw new RangeError(
        `Cannot read ${ahead} items ahead of ${step.stage.name}: give a whole number from 0`,
      );
    }
    return ahead > 0 ? this.#joint(step, rest, place) : this.#stage(step, rest, place);
  }

  #stage(step: Step & { kind: "stage" }, rest: readonly Step[], place: Place): Built {
    const node = this.#node(step.stage, place);
    let leaves = 0;
    for (const { stage, sink } of sinksOf(step.options.rejects)) {
      const inlet = this.#node(sink, { ...place, before: [...place.before, node.meter], branch: true });
      inlet.next = branchEnd;
      node.rejects.push({ stage, inlet });
      leaves++;
    }
    const after = this.#chain(rest, { ...place, before: [...place.before, node.meter] });
    node.next = after.inlet;
    leaves += after.leaves;
    if (!(node instanceof CheckpointNode)) return { inlet: node, leaves };
    this.#cutLeaves = leaves;
    return { inlet: node, leaves: 1 };
  }

  #node(stage: Stage<any, any>, place: Place): StageNode {
    const { host, saved, measure } = this.#options;
    if (this.#names.has(stage.name)) {
      throw new TypeError(
        `Two stages are called ${stage.name}: names key saved state, so give one another name`,
      );
    }
    this.#names.add(stage.name);
    const restored = (name: string): StageSnapshot | undefined => saved?.get(name);
    let node: StageNode;
    if (stage.takesCheckpoints) {
      if (this.#cutting !== null) {
        throw new TypeError(
          `Both ${this.#cutting.stage.name} and ${stage.name} cut: a flow has one stage that says where checkpoints stand`,
        );
      }
      node = this.#cutting = new CheckpointNode(stage, { host, segment: place.segment, restored, measure });
    } else {
      node = new StageNode(stage, { host, segment: place.segment, restored, measure });
    }
    node.sideways = place.branch;
    this.#nodes.push(node);
    this.#before.set(node, place.before);
    return node;
  }

  #joint(step: Step & { kind: "stage" }, rest: readonly Step[], place: Place): Built {
    const waiting = new StageMeter("waiting");
    const segment = new RunSegment(waiting);
    this.#segments.push(segment);
    const built = this.#stage(step, rest, { ...place, segment, before: [waiting] });
    const joint = new ReadAheadQueue({
      before: place.segment,
      after: segment,
      outlet: new Downstream(built.inlet, built.leaves),
      waiting,
      ahead: step.options.ahead ?? 1,
      saves: this.#options.saves,
      ended: () => {
        if (!place.segment.divided) place.segment.abort(new StopUpstream(null));
      },
    });
    this.#joints.push({ joint, segment });
    return { inlet: joint, leaves: built.leaves };
  }

  #tee(branch: readonly Step[], rest: readonly Step[], place: Place): Built {
    place.segment.divided = true;
    const side = this.#chain(branch, { ...place, branch: true });
    const trunk = this.#chain(rest, place);
    const outlets = [new Downstream(side.inlet, side.leaves), new Downstream(trunk.inlet, trunk.leaves)];
    return {
      inlet: new TeeNode(outlets, place.segment, this.#options.saves),
      leaves: side.leaves + trunk.leaves,
    };
  }
}

/** What comes out of a branch goes nowhere. */
const branchEnd: Inlet = { item: () => {}, barrier: (gathering) => gathering.arrive(), end: () => {} };
