/**
 * Runs a random flow, also with faults and from its checkpoints, and compares it with the reference. It runs
 * with effects, for which the source waits until each barrier is complete, and without.
 *
 * @module
 */
import { beforeDeadline } from "../../../deadline.ts";
import { deepStrictEqual, ok } from "node:assert/strict";
import type { StageSnapshot } from "../../../../stages/flow/checkpoint/types.ts";
import type { StageEvent } from "../../../../stages/flow/events.ts";
import { SlowCheckpoints } from "../slow_checkpoints.ts";
import { Draw, type FlowPlan, flowPlan, type StagePlan, type StepPlan } from "./flow_plan.ts";
import { reference } from "./reference.ts";
import { flowOf } from "./stages.ts";

/** Something that happens when a stage takes its item number `item`, or is flushed (`item` is 0). */
interface Fault {
  readonly kind: "error" | "abort" | "stop";
  readonly stage: string;
  readonly item: number;
}

/** Where a stage stands in the flow. */
interface Place {
  readonly stage: StagePlan;
  /** Stages after it that want only some items. */
  readonly takesAfter: readonly string[];
  /** Whether all of them are asked for the next item only after they have taken the one before. */
  readonly exact: boolean;
}

/** What outlives a run. */
interface Disk {
  readonly collected: Map<string, number[]>;
  /** Notes that stages have emitted; null if they are not kept, so that the run has no effects. */
  readonly notes: string[] | null;
  readonly checkpoints: SlowCheckpoints;
}

const DEADLINE = 5000; // milliseconds, for runs that take a few

/** Checks the flow of a seed, with effects and without. Throws an Error that names the seed. */
export async function checkFlow(seed: number): Promise<void> {
  for (const notes of [true, false]) await checkRuns(seed, notes);
}

async function checkRuns(seed: number, notes: boolean): Promise<void> {
  const plan = flowPlan(seed), draw = new Draw(seed, "faults");
  plan.waits &&= reference(plan).stopped && !placesIn(plan.steps).some(({ stage }) => stage.kind === "delay");
  try {
    const whole = newDisk(plan, notes);
    await finish(plan, whole, "whole");
    const { all } = whole.checkpoints;
    if (all.length > 0) await finish(plan, resumedDisk(whole, all[draw.below(all.length)]), "resumed");
    const disk = newDisk(plan, notes);
    for (let times = 1 + draw.below(3); times > 0; times--) await fail(plan, disk, drawFault(plan, draw));
    await finish(plan, disk, "after faults");
  } catch (cause) {
    throw new Error(
      `Seed ${seed}, ${notes ? "with" : "without"} effects: ${
        cause instanceof Error ? cause.message : cause
      }\n${Deno.inspect(plan, { depth: 9 })}`,
      {
        cause,
      },
    );
  }
}

/** Runs the flow to its end and compares what it leaves with the reference. */
async function finish(plan: FlowPlan, disk: Disk, what: string): Promise<void> {
  const counts = await runFlow(plan, disk, null);
  const least = reference(plan);
  for (const { stage, takesAfter, exact } of placesIn(plan.steps)) {
    const most = exact ? least : reference(plan, new Set(takesAfter));
    const recorded = stage.kind === "collect" ? stage.name : `sink of ${stage.name}`;
    const [got, min, max] = [disk.collected, least.collected, most.collected].map((map) => map.get(recorded));
    if (stage.kind === "collect") ok(got && min && max, `${what}: ${recorded} has collected nothing`);
    if (got !== undefined && min !== undefined && max !== undefined) {
      deepStrictEqual(got.slice(0, min.length), min, `${what}: ${recorded}`);
      deepStrictEqual(got, max.slice(0, got.length), `${what}: ${recorded}`);
    }
    if (!exact) continue;
    const event = counts.get(stage.name);
    ok(event !== undefined, `${what}: no event of ${stage.name}`);
    const { in: input, out, dropped } = event;
    deepStrictEqual(
      { in: input, out, dropped: dropped.multiple ?? 0 },
      least.counts.get(stage.name),
      `${what}: ${stage.name}`,
    );
    if (disk.notes === null || !emittingIn(plan).has(stage.name)) continue;
    const noted = disk.notes.filter((note) => note.startsWith(`${stage.name}:`)).map((note) =>
      Number(note.split(":")[1])
    );
    deepStrictEqual(noted, least.events.get(stage.name), `${what}: events of ${stage.name}`);
  }
}

/** Runs the flow with a fault, which need not come about. */
async function fail(plan: FlowPlan, disk: Disk, fault: Fault): Promise<void> {
  const saved = disk.checkpoints.all.length;
  try {
    await runFlow(plan, disk, fault);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    ok(fault.kind !== "stop" && message.endsWith("the fault"), `another error: ${message}`);
  }
  ok(disk.checkpoints.all.length >= saved);
}

/** Runs the flow once. Returns the last event of each stage. */
async function runFlow(plan: FlowPlan, disk: Disk, fault: Fault | null): Promise<Map<string, StageEvent>> {
  const { notes } = disk;
  const abort = new AbortController(), stop = new AbortController();
  const open = new Set<string>(), seen = new Map<string, number>(), events = new Map<string, StageEvent>();
  let thrown = false;
  const flow = flowOf(plan, {
    collected: disk.collected,
    emitting: emittingIn(plan),
    before(name, phase) {
      const number = phase === "flush" ? 0 : (seen.get(name) ?? 0) + 1;
      if (phase === "push") seen.set(name, number);
      if (fault?.stage !== name || fault.item !== number) return;
      if (fault.kind === "stop") return stop.abort();
      thrown = true;
      if (fault.kind === "abort") abort.abort(new Error("the fault"));
      else throw new Error("the fault");
    },
    opened: (name) => void open.add(name),
    closed: (name) => ok(open.delete(name), `${name} was closed without being open`),
  });
  const running = flow.run({
    seed: plan.seed,
    signal: abort.signal,
    stop: stop.signal,
    barrierEvery: plan.barrierEvery,
    flushBarrierEvery: plan.flushBarrierEvery,
    checkpoints: disk.checkpoints,
    ...(notes !== null && {
      effects: {
        notes: {
          save: () => notes.length,
          restore: (saved) => void (notes.length = Number(saved ?? 0)),
        },
      },
    }),
    onEvent(event) {
      if (event.type === "note" && event.text.includes(":")) notes?.push(event.text);
      if (event.type === "stage") events.set(event.name, event);
    },
  });
  const { stopped } = await beforeDeadline(running, DEADLINE);
  const place = placesIn(plan.steps).find(({ stage }) => stage.name === fault?.stage);
  if (thrown && place?.exact) throw new Error("the run ended as if there had been no fault");
  ok(!stopped || fault?.kind === "stop", "the run says that it was stopped");
  ok(open.size === 0, `not closed: ${[...open]}`);
  return events;
}

function newDisk({ commitTurns }: FlowPlan, notes: boolean): Disk {
  return { collected: new Map(), notes: notes ? [] : null, checkpoints: new SlowCheckpoints(commitTurns) };
}

/** What an uninterrupted run has left, to be resumed from one of its checkpoints. */
function resumedDisk(
  { collected, notes, checkpoints }: Disk,
  begin: ReadonlyMap<string, StageSnapshot>,
): Disk {
  return {
    collected: new Map([...collected].map(([name, items]) => [name, [...items]])),
    notes: notes && [...notes],
    checkpoints: new SlowCheckpoints(checkpoints.turns, begin),
  };
}

function drawFault(plan: FlowPlan, draw: Draw): Fault {
  const stages = placesIn(plan.steps).map(({ stage }) => stage.name);
  const kinds = ["error", "abort", "stop"] as const;
  return { kind: kinds[draw.below(3)], stage: stages[draw.below(stages.length)], item: draw.below(12) };
}

/** All stages, each with what follows it. */
function placesIn(steps: readonly StepPlan[]): Place[] {
  return placesAndStart(steps).places;
}

/** The places in a chain, the last one first, and what follows whatever stands before the chain. */
function placesAndStart(steps: readonly StepPlan[]): { places: Place[]; takes: string[]; exact: boolean } {
  const places: Place[] = [];
  let takes: string[] = [], exact = true;
  for (const step of steps.toReversed()) {
    if (step.kind === "tee") {
      const branch = placesAndStart(step.branch);
      places.push(...branch.places);
      takes = [...branch.takes, ...takes];
      exact &&= branch.exact;
      continue;
    }
    if (step.kind === "delay" && takes.length > 0) exact = false;
    places.push({ stage: step, takesAfter: takes, exact });
    if (step.kind === "take") takes = [step.name, ...takes];
    if (step.ahead > 0 && takes.length > 0) exact = false;
  }
  return { places, takes, exact };
}

/**
 * The stages that emit events: where a stage takes checkpoints, only those after it, because the stages
 * before it repeat items on resume.
 */
function emittingIn({ steps }: FlowPlan): ReadonlySet<string> {
  const train = steps.findIndex((step) => step.kind === "train");
  return new Set(
    placesIn(steps.slice(train + 1)).map(({ stage }) => stage).filter(({ kind }) => kind === "sum").map((
      { name },
    ) => name),
  );
}
