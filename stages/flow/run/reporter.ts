/**
 * Stage events, which report the progress of each stage about once a second and at the end.
 *
 * @module
 */
import type { StageEvent } from "../events.ts";
import type { Layout } from "./layout.ts";
import type { StageMeter } from "./stage_meter.ts";
import type { RunHost } from "./stage_place.ts";

/** Emits a StageEvent for each stage whose counts have changed. */
export class Reporter {
  readonly #layout: Layout;
  readonly #host: RunHost;
  /** The last reported counts of each meter, as JSON. */
  readonly #reported = new Map<StageMeter, string>();

  constructor(layout: Layout, host: RunHost) {
    this.#layout = layout;
    this.#host = host;
  }

  /**
   * Emits an event with the counts of the stages; `all` includes the stages whose counts have not changed.
   */
  report(all = false): void {
    const { segments, nodes, before } = this.#layout;
    this.#emit(segments[0].first, [], all);
    const done = new Set<StageMeter>();
    const emit = (meter: StageMeter, upstream: readonly StageMeter[]): void => {
      if (!done.has(meter)) this.#emit(meter, upstream, all);
      done.add(meter);
    };
    // Sinks for dropped items are not reported, because the stage that drops the items counts them already.
    const shown = nodes.filter((node) => !node.isSink && (node.opened || node.saved !== undefined));
    for (const node of shown) {
      const upstream = [...before.get(node) ?? []];
      if (node.inside.size === 0) emit(node.meter, upstream);
      for (const meter of node.inside.values()) { // reported like separate steps of the flow
        emit(meter, upstream);
        upstream.push(meter);
      }
    }
  }

  #emit(meter: StageMeter, upstream: readonly StageMeter[], all: boolean): void {
    const counts = meter.counts();
    const key = JSON.stringify(counts);
    if (!all && this.#reported.get(meter) === key) return;
    this.#reported.set(meter, key);
    const blocked = upstream.reduce((sum, { busy }) => sum + busy, 0) / 1000;
    const event: StageEvent = {
      type: "stage",
      name: meter.name,
      ...counts,
      busy: meter.busy / 1000,
      blocked,
    };
    this.#host.emit(event);
  }
}
