/**
 * The fields that readers of events rely on. A metrics.jsonl may come from another version, another program
 * or a stranger: a line with a field of another type is no event, so that it cannot break a page.
 *
 * @module
 */
import { isRecord } from "../disk/json.ts";

/** Lists of records. */
type ListKind = "tensors" | "parameters" | "points" | "ops";

/**
 * What a field holds: a value of a primitive type, a list of numbers, a record of numbers or of anything, a
 * record of a shape, or a list of such records.
 */
type Kind =
  | "number"
  | "string"
  | "boolean"
  | "numbers"
  | "counts"
  | "record"
  | ListKind
  | Shape;

/** Fields by name; a field whose name ends with "?" may be absent. */
interface Shape {
  readonly [field: string]: Kind;
}

const histogram: Shape = { from: "number", to: "number", counts: "numbers" };
const measures: Shape = {
  mean: "number",
  std: "number",
  norm: "number",
  saturated: "number",
  dead: "number",
};
const tensor: Shape = {
  name: "string",
  ...measures,
  histogram,
  "gradient?": { ...measures, histogram },
};
const parameter: Shape = { ...tensor, gradient: { ...measures, histogram }, "updateRatio?": "number" };
const point: Shape = { label: "string", x: "number", y: "number" };
const op: Shape = {
  op: "string",
  calls: "number",
  seconds: "number",
  share: "number",
  waiting: "number",
  gflops: "number",
  gigabytes: "number",
};
const lists: Readonly<Record<ListKind, Shape>> = {
  tensors: tensor,
  parameters: parameter,
  points: point,
  ops: op,
};
const place: Shape = { name: "string", "ahead?": "number", "workers?": "number" };

/** The shapes of events by type. Those of other types are not checked, for no page shows their fields. */
const shapes: Readonly<Record<string, Shape>> = {
  run: {
    "pipeline?": "string",
    "device?": "string",
    "parameters?": "number",
    "command?": "string",
    "started?": "string",
    "commit?": "string",
    "memory?": "counts",
  },
  // Earlier versions wrote fewer fields of a step.
  step: {
    step: "number",
    "loss?": "number",
    "gradNorm?": "number",
    "lr?": "number",
    "tokens?": "number",
    "tokensPerSecond?": "number",
    "elapsed?": "number",
    "skipped?": "string",
  },
  eval: {
    step: "number",
    valLoss: "number",
    "bitsPerByte?": "number",
    "unigramLoss?": "number",
    "bytes?": "number",
    "text?": "string",
  },
  hellaswag: { step: "number", accuracy: "number", accuracyNorm: "number", items: "number" },
  task: { step: "number", task: "string", reward: "number", items: "number" },
  card: {
    group: "string",
    known: "boolean",
    items: "number",
    right: "number",
    wrong: "number",
    refused: "number",
  },
  preference: { step: "number", loss: "number", accuracy: "number", margin: "number" },
  rollout: { step: "number", reward: "number", "parts?": "record", "best?": "string", "worst?": "string" },
  timing: { step: "number", rollout: "number", score: "number" },
  sample: { step: "number", text: "string", "prompt?": "string" },
  words: { step: "number", samples: "number", words: "number", found: "number", "firstTokens?": "number" },
  checkpoint: { step: "number", path: "string", seconds: "number" },
  stage: {
    name: "string",
    in: "number",
    out: "number",
    dropped: "counts",
    busy: "number",
    blocked: "number",
    "queued?": "number",
    "full?": "number",
    "inFlight?": "number",
    "lengths?": { count: "number", sum: "number", min: "number", max: "number", sumOfSquares: "number" },
  },
  survey: {
    name: "string",
    documents: "number",
    characters: "number",
    tokens: "number",
    lengths: "numbers",
    languages: "counts",
    domains: "counts",
    domainsMissed: "number",
    withoutUrl: "number",
  },
  inspect: {
    step: "number",
    activations: "tensors",
    parameters: "parameters",
    "embedding?": "points",
  },
  profile: { step: "number", steps: "number", device: "string", ops: "ops" },
  graph: {}, // see isTree()
  note: { text: "string" },
  done: { "reason?": "string", "error?": "string" },
};

/** Returns whether the fields of an event of the given type hold what its readers rely on. */
export function hasEventShape(type: string, event: Readonly<Record<string, unknown>>): boolean {
  if (!Object.hasOwn(shapes, type)) return true;
  return hasShape(event, shapes[type]) && (type !== "graph" || isTree(event.stages));
}

function hasShape(value: unknown, shape: Shape): boolean {
  return isRecord(value) && Object.entries(shape).every(([field, kind]) => {
    if (!field.endsWith("?")) return holds(kind, value[field]);
    const found = value[field.slice(0, -1)];
    return found === undefined || holds(kind, found);
  });
}

function holds(kind: Kind, value: unknown): boolean {
  if (typeof kind !== "string") return hasShape(value, kind);
  switch (kind) {
    case "numbers":
      return Array.isArray(value) && value.every((each) => typeof each === "number");
    case "counts":
      return isRecord(value) && Object.values(value).every((each) => typeof each === "number");
    case "record":
      return isRecord(value);
    case "number":
      return typeof value === "number";
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    default:
      return Array.isArray(value) && value.every((each) => hasShape(each, lists[kind]));
  }
}

/**
 * Returns whether stages form a tree: each has a name of its own, and comes after none or after one that is
 * before it in the list. Whoever follows `after` from stage to stage comes to an end only then.
 */
function isTree(stages: unknown): boolean {
  const names = new Set<unknown>();
  return Array.isArray(stages) && stages.every((stage: Readonly<Record<string, unknown>>) => {
    if (!hasShape(stage, place) || names.has(stage.name)) return false;
    if (stage.after !== null && !names.has(stage.after)) return false;
    names.add(stage.name);
    return true;
  });
}
