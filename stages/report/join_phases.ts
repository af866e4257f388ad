/**
 * Joins the events of the phases of a run to those of one run, so that one page shows all of them.
 *
 * @module
 */
import type { GraphStage, RunEvent, RunStartEvent } from "../flow/events.ts";

/** A phase with the events of its metrics.jsonl. */
export interface PhaseEvents {
  readonly name: string;
  readonly events: readonly RunEvent[];
}

/**
 * Returns the events of all phases in their order. Steps, tokens and seconds of training go on from phase to
 * phase, names of stages begin with that of their phase, and the graph of a phase follows that of the one
 * before it. `start` begins the events; its device, parameters and memory are those of the phases.
 */
export function joinPhases(phases: readonly PhaseEvents[], start: RunStartEvent): readonly RunEvent[] {
  const joined: RunEvent[] = [], graph: GraphStage[] = [];
  let steps = 0, tokens = 0, elapsed = 0, facts: Partial<RunStartEvent> = {};
  for (const { name, events } of phases) {
    const own = (stage: string) => `${name}: ${stage}`;
    let lastStep = -1, lastTokens = 0, lastElapsed = 0, stages: readonly GraphStage[] = [];
    for (const event of events) {
      switch (event.type) {
        case "run": {
          const { device, parameters, memory } = event;
          facts = {
            ...facts,
            ...(device !== undefined && { device }),
            ...(parameters !== undefined && { parameters }),
            ...(memory !== undefined && { memory }),
          };
          break;
        }
        case "done":
          break;
        case "graph":
          stages = event.stages;
          break;
        case "stage":
        case "survey":
          joined.push({ ...event, name: own(event.name) });
          break;
        case "step":
          joined.push({
            ...event,
            step: event.step + steps,
            tokens: event.tokens + tokens,
            elapsed: event.elapsed + elapsed,
          });
          [lastStep, lastTokens, lastElapsed] = [event.step, event.tokens, event.elapsed];
          break;
        default:
          joined.push("step" in event ? { ...event, step: Number(event.step) + steps } : event);
      }
    }
    const before = graph.at(-1)?.name ?? null;
    for (const stage of stages) {
      graph.push({
        ...stage,
        name: own(stage.name),
        after: stage.after === null ? before : own(stage.after),
      });
    }
    steps += lastStep + 1;
    tokens += lastTokens;
    elapsed += lastElapsed;
  }
  return [
    { ...facts, ...start },
    ...(graph.length > 0 ? [{ type: "graph", stages: graph } as const] : []),
    ...joined,
  ];
}
