/** Invented events of a small run, for tests of the terminal output and reports. @module */
import type { RunEvent } from "../../../stages/flow/events.ts";
import type { Lengths } from "../../../stages/flow/flow.ts";

/** A step event. */
export function stepEvent(step: number): RunEvent {
  return {
    type: "step",
    step,
    loss: 7 - 3 * (1 - Math.exp(-step / 60)),
    gradNorm: 1 / (1 + step),
    lr: 1e-3,
    tokens: (step + 1) * 2048,
    tokensPerSecond: 4096,
    elapsed: (step + 1) / 2,
  };
}

/** A stage event. */
export function stageEvent(
  name: string,
  numbers: {
    in?: number;
    out?: number;
    dropped?: Record<string, number>;
    busy?: number;
    blocked?: number;
    lengths?: Lengths;
  },
): RunEvent {
  return { type: "stage", name, in: 0, out: 0, dropped: {}, busy: 0, blocked: 0, ...numbers };
}

/** Returns the events of a run with `steps` steps: stages, steps, evaluations and samples. */
export function runEvents(steps: number, text = "The generated text"): RunEvent[] {
  const events: RunEvent[] = [{ type: "run", pipeline: "small", device: "cpu: 2 threads", parameters: 1e6 }];
  for (let step = 0; step < steps; step++) {
    events.push(stepEvent(step));
    if (step % 20 !== 19) continue;
    events.push({ type: "eval", step: step + 1, valLoss: 5, bitsPerByte: 2.2, unigramLoss: 6.5 });
    events.push({ type: "sample", step: step + 1, text });
  }
  events.push(stageEvent("speeches", { out: 100, busy: 1 }));
  events.push(
    stageEvent("language", { in: 100, out: 90, dropped: { "not english": 10 }, busy: 2, blocked: 1 }),
  );
  events.push({ type: "done", reason: "finished" });
  return events;
}

/** Returns an inspect event of a model with two layers and a parameter called `name`. */
export function inspectEvent(step: number, name: string): RunEvent {
  const stats = (name: string) => ({
    name,
    mean: 0.1,
    std: 1 / step,
    norm: 3,
    saturated: 0.02,
    dead: 0.01,
    histogram: { from: -1, to: 1, counts: [1, 5, 9, 4, 2] },
  });
  const names = ["wte.weight", "h.0.mlp.c_fc.weight", "h.1.mlp.c_fc.weight", name];
  return {
    type: "inspect",
    step,
    activations: names.map((name) => ({ ...stats(name), gradient: stats(name) })),
    parameters: names.map((name) => ({ ...stats(name), gradient: stats(name), updateRatio: 1e-3 })),
    embedding: [{ label: name, x: 0, y: 0 }, { label: "b", x: 1, y: 1 }],
  };
}

/** An update of reinforcement learning, with the events before it. */
export function rolloutEvents(step: number, reward: number): RunEvent[] {
  return [
    {
      type: "rollout",
      step,
      item: step,
      reward,
      parts: { correct: reward },
      zeroVariance: 0.25,
      entropy: 0.5,
      length: 12,
      minLength: 3,
      maxLength: 30,
      cutOff: 0,
      toolCalls: reward,
      toolFailures: 0,
      policyLoss: 0,
      best: "",
      worst: "",
    },
    { type: "timing", step, item: step, rollout: 1.5, score: 0, generated: 3000 },
    stepEvent(step),
  ];
}

/** An update of preferences, with the event before it. */
export function preferenceEvents(step: number, margin: number): RunEvent[] {
  return [{ type: "preference", step, loss: Math.LN2, accuracy: 0.75, margin }, stepEvent(step)];
}
