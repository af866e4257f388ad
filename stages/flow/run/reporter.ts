/**
 * The graph event, and stage events, which report the progress of each stage about once a second and at the
 * end.
 *
 * @module
 */
import type { GraphStage, StageEvent } from "../events.ts";
import type { Layout, StageLink } from "./layout.ts";
import type { SegmentClock } from "./segment_clock.ts";
import type { StageMeter } from "./stage_meter.ts";
import type { StageNode } from "./stage_node.ts";
import type { RunHost } from "./stage_place.ts";

/** Fields of a stage event about items that wait. */
type Waiting = Pick<StageEvent, "queued" | "full" | "inFlight">;

/** Emits a StageEvent for each stage that has done something or has waited. */
export class Reporter {
  readonly #layout: Layout;
  readonly #host: RunHost;
  /** What was last reported of each meter, as JSON. */
  readonly #reported = new Map<StageMeter, string>();

  constructor(layout: Layout, host: RunHost) {
    this.#layout = layout;
    this.#host = host;
  }

  /** Emits the graph of the stages. */
  graph(): void {
    const { segments, nodes, links } = this.#layout;
    const source = segments[0].first.name;
    const stages: GraphStage[] = [{ name: source, after: null }];
    for (const node of nodes) {
      if (node.isSink) continue;
      const { after: previous, queue } = links.get(node) ?? noLink(node);
      const { workers } = node.stage;
      let after = previous?.names.at(-1) ?? source;
      for (const [i, name] of node.names.entries()) { // stages inside a group are like separate steps
        const first = i === 0;
        stages.push({
          name,
          after,
          ...(first && queue !== null && { ahead: queue.ahead }),
          ...(first && workers !== undefined && { workers }),
        });
        after = name;
      }
    }
    this.#host.emit({ type: "graph", stages });
  }

  /**
   * Emits an event with the counts of the stages; `all` includes the stages for which nothing has changed.
   */
  report(all = false): void {
    const { segments, nodes, links } = this.#layout;
    const { first, clock } = segments[0];
    this.#emit(first, { clock, upstream: [], waiting: {}, all });
    // Sinks for dropped items are not reported, because the stage that drops the items counts them already.
    for (const node of nodes) {
      if (node.isSink || !node.opened && node.saved === undefined) continue;
      const link = links.get(node) ?? noLink(node), { clock } = link.segment;
      const upstream = [...link.before];
      let waiting = waitingOf(node, link);
      const meters = node.inside.size === 0 ? [node.meter] : [...node.inside.values()];
      for (const meter of meters) {
        this.#emit(meter, { clock, upstream, waiting, all });
        upstream.push(meter);
        waiting = {};
      }
    }
  }

  #emit(
    meter: StageMeter,
    { clock, upstream, waiting, all }: {
      readonly clock: SegmentClock;
      readonly upstream: readonly StageMeter[];
      readonly waiting: Waiting;
      readonly all: boolean;
    },
  ): void {
    const counts = meter.counts(), seconds = (meter: StageMeter) => clock.busy(meter) / 1000;
    const busy = seconds(meter), starved = upstream.length === 0 ? 0 : seconds(upstream[0]);
    // A stage that works on one item or waits for the first one is reported too, so that readers see it.
    const key = JSON.stringify([
      counts,
      waiting.queued,
      waiting.inFlight,
      busy.toFixed(1),
      starved.toFixed(1),
    ]);
    if (!all && this.#reported.get(meter) === key) return;
    this.#reported.set(meter, key);
    const blocked = upstream.reduce((sum, meter) => sum + seconds(meter), 0);
    this.#host.emit({ type: "stage", name: meter.name, ...counts, busy, blocked, ...waiting });
  }
}

function waitingOf(node: StageNode, { queue }: StageLink): Waiting {
  const { inFlight } = node;
  return {
    ...(queue !== null && { queued: queue.items, full: queue.fullFor / 1000 }),
    ...(inFlight !== undefined && { inFlight }),
  };
}

function noLink({ stage: { name } }: StageNode): never {
  throw new TypeError(`Stage ${name} is not in the layout`);
}
