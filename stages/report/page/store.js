/**
 * The events that the page shows, and how the reader wants to see them.
 *
 * @module
 */
import { batch, signal } from "@preact/signals";
import { last } from "./format.js";
import { StageRates } from "./rates.js";
import { thinned } from "./series.js";

const element = document.getElementById("run");
// JSON lacks NaN and infinity: see event_json.ts, which names the fields that may hold them.
const measured = new Set(element.dataset.measured.split(" "));
const unusual = { NaN, Infinity, "-Infinity": -Infinity };

/** Parses events and states. */
export const parse = (text) =>
  JSON.parse(
    text,
    (key, value) => typeof value === "string" && measured.has(key) ? unusual[value] ?? value : value,
  );

/** The data that the page was made with; see stages/report/report.ts. */
export const data = parse(element.textContent);

/** Kinds of events, and the lists of a run that hold them. */
const lists = {
  run: "starts",
  note: "notes",
  step: "steps",
  eval: "evals",
  hellaswag: "hellaswags",
  inspect: "inspections",
  task: "tasks",
  card: "cards",
  rollout: "rollouts",
  timing: "timings",
  preference: "preferences",
  sample: "samples",
  checkpoint: "checkpoints",
  profile: "profiles",
  graph: "graphs",
  done: "ends",
};

/** Longest lists: a longer one is thinned out. */
const most = { steps: 8000, rollouts: 2000, preferences: 4000, default: 800 };

/** Raised when events have arrived. */
const version = signal(0);
/** Raised every second on a page that follows runs: rates fall and silence grows where no event comes. */
export const clock = signal(0);
if (data.live !== null) setInterval(() => clock.value++, 1000);

/**
 * A run with a list of its events of every kind. Whoever reads a list shows it anew when events arrive: a
 * component that reads no signal, or only others, would stay as it is.
 */
class Run {
  #lists;
  #counts; // see StepCounts in run_digest.ts
  #ended;
  #news; // time of the last news on the clock of performance.now()

  constructor({ name, events, counts }, quiet) {
    this.name = name;
    this.#counts = counts;
    this.#news = performance.now() - 1000 * quiet;
    this.#lists = Object.fromEntries(Object.values(lists).map((list) => [list, []]));
    for (const event of events) this.#keep(event);
  }

  /** Whether the run has ended and was not resumed since. */
  get ended() {
    version.value;
    return this.#ended;
  }

  /** Counts of the steps that need attention: its lists may not hold them all. */
  get counts() {
    version.value;
    return this.#counts;
  }

  /** Seconds for which the run has said nothing. */
  get quiet() {
    clock.value;
    return (performance.now() - this.#news) / 1000;
  }

  /** Notes that the run has said something. */
  hear() {
    this.#news = performance.now();
  }

  /** Takes a new event. */
  take(event) {
    if (event.type === "step") this.#counts = counted(this.#counts, event);
    this.#keep(event);
  }

  #keep(event) {
    if (event.type === "run" || event.type === "done") this.#ended = event.type === "done";
    const name = lists[event.type], list = this.#lists[name];
    if (list === undefined) return;
    list.push(event);
    if (list.length <= (most[name] ?? most.default)) return;
    this.#lists[name] = thinned(list, list.length / 2);
  }

  static {
    for (const list of Object.values(lists)) {
      Object.defineProperty(Run.prototype, list, {
        get() {
          version.value;
          return this.#lists[list];
        },
      });
    }
  }
}

function counted(counts, { step, skipped, loss, gradNorm }) {
  const isUnusual = !Number.isFinite(loss) || !Number.isFinite(gradNorm);
  return {
    ...counts,
    ...skipped !== undefined && { skipped: counts.skipped + 1, lastSkipped: step },
    ...isUnusual && { unusual: counts.unusual + 1, firstUnusual: counts.firstUnusual ?? step },
  };
}

/** The runs of the page. */
export const runs = [{ name: data.title, events: data.events, counts: data.counts }, ...data.others].map((
  run,
  i,
) => new Run(run, data.live?.runs[i]?.quiet ?? 0));
/** Whether the page compares runs. */
export const many = runs.length > 1;

/** Sums over documents and stages, samples of dropped documents, and which losses compare. */
export const state = signal(data);
/** How the connection is, in words; empty for a page that follows no run. */
export const connection = signal(data.live === null ? "" : "connecting");
/** What the page's last request to the run led to, in words; empty once the run has done it. */
export const answer = signal("");

/** How the reader wants to see curves. */
export const view = {
  axis: signal("steps"),
  smoothing: signal(0),
  log: signal(false),
  unit: signal("nats"),
  hidden: signal(new Set()),
};

const stages = new StageRates();
/** Rates of the stages of a single run. */
export const rates = () => {
  version.value;
  return stages;
};
for (const event of data.now) stages.take(event, null);

/** Whether all runs of the page have ended. */
export const hasEnded = () => runs.every(({ ended }) => ended);

/** The fields of all "run" events together: a resumed run has several. */
export const start = () =>
  Object.assign({}, ...runs[0].starts, ...early.value.filter(({ type }) => type === "run"));

const EVERY = 250; // milliseconds between two refreshes
let waiting = false;

/** Shows what has arrived, at most four times a second. */
export function refresh(change = () => {}) {
  pending.push(change);
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    batch(() => {
      for (const change of pending.splice(0)) change();
      version.value++;
    });
  }, EVERY);
}
const pending = [];

/** Takes an event of the run with index `i`. */
export function take(i, event) {
  runs[i].hear();
  if (event.type === "checkpoint" || event.type === "done") answer.value = "";
  if (event.type !== "stage") runs[i].take(event);
  else if (!many) stages.take(event, performance.now());
  refresh();
}

/** What a run says of itself before its first line is written: "run" and "note" events. */
export const early = signal([]);

/** Takes what has no line yet: counts of stages, and all that is early. */
export function takeNow(events) {
  if (!many && events.length > 0) runs[0].hear(); // a new connection begins with an empty list
  for (const event of events) if (!many && event.type === "stage") stages.take(event, performance.now());
  refresh(() => early.value = many ? [] : events.filter(({ type }) => type !== "stage"));
}

/** What the run has said: its notes, with those that have no line yet. */
export const notes = () => [...runs[0].notes, ...early.value.filter(({ type }) => type === "note")];

/** Whether a run's losses are those of rewards or preferences, which are not nats per token. */
export const isPolicy = (i) =>
  runs[i].rollouts.length > 0 || runs[i].preferences.length > 0 ||
  state.value.lossCharts.policies.includes(i);

/** The newest value of a unigram model's loss. */
export const unigramLoss = () =>
  last(runs[0].evals.filter((event) => Number.isFinite(event.unigramLoss)))?.unigramLoss;
