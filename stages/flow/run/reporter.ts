/**
 * Says how far each stage is, about once a second and at the end.
 *
 * @module
 */
import type { StageEvent } from "../events.ts";
import type { Layout } from "./layout.ts";
import type { StageMeter } from "./stage_meter.ts";
import type { RunHost } from "./stage_node.ts";

/** Emits a StageEvent for each stage that has something new to say. */
export class Reporter {
  readonly #layout: Layout;
  readonly #host: RunHost;
  readonly #said = new Map<StageMeter, string>();

  constructor(layout: Layout, host: RunHost) {
    this.#layout = layout;
    this.#host = host;
  }

  /** `all`: also those that have nothing new. */
  report(all = false): void {
    const { segments, nodes, before } = this.#layout;
    this.#say(segments[0].first, [], all);
    const said = new Set<StageMeter>();
    const say = (meter: StageMeter, earlier: readonly StageMeter[]): void => {
      if (!said.has(meter)) this.#say(meter, earlier, all);
      said.add(meter);
    };
    // Sinks of dropped items tell nothing that the dropping stage's counts do not.
    const sinks = new Set<unknown>(nodes.flatMap((node) => node.rejects.map(({ inlet }) => inlet)));
    for (const node of nodes.filter((node) => !sinks.has(node))) {
      const earlier = [...before.get(node) ?? []];
      if (node.inside.size === 0) say(node.meter, earlier);
      for (const meter of node.inside.values()) { // as if they stood in the flow one by one
        say(meter, earlier);
        earlier.push(meter);
      }
    }
  }

  #say(meter: StageMeter, before: readonly StageMeter[], all: boolean): void {
    const counts = meter.counts();
    const key = JSON.stringify(counts);
    if (!all && this.#said.get(meter) === key) return;
    this.#said.set(meter, key);
    const blocked = before.reduce((sum, { busy }) => sum + busy, 0) / 1000;
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
