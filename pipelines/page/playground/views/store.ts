/// <reference lib="dom" />
/**
 * The state of the page, as signals that its parts read.
 *
 * @module
 */
import { effect, type Signal, signal } from "@preact/signals";
import type { EvalEvent, StepEvent } from "../../../../stages/flow/events.ts";
import { type EngineWish, type PageState, searchOf, stateOf } from "../address.ts";
import { Curve } from "../curve.ts";
import type { Answer, GenerateSettings, Look, ModelFacts, Request } from "../protocol.ts";
import { type Settings } from "../settings.ts";
import { readPageFile, startWorker } from "./page_files.ts";

const initial: PageState = stateOf(location.search);

/** The choices of the person. */
export const settings: Signal<Settings> = signal(initial.settings);
/** The person's own text. */
export const ownText: Signal<string> = signal(initial.ownText);
/** How to compute. */
export const wish: Signal<EngineWish> = signal(initial.wish);

/** What the run does. */
export type RunState = "idle" | "starting" | "training" | "paused" | "done" | "stopped" | "opened";
export const runState: Signal<RunState> = signal("idle");
/** Why requests could not be met, by what was asked for; empty if they were. */
export const failures: Signal<Partial<Record<Request["type"], string>>> = signal({});
/** Device and why it was chosen. */
export const engine: Signal<{ readonly device: string; readonly why: string } | null> = signal(null);
/** What is known of the model; null while there is none. */
export const facts: Signal<ModelFacts | null> = signal(null);
/** Curves of the run; `version` changes with each new point. */
export const curves: { train: Curve; heldOut: Curve } = { train: new Curve(), heldOut: new Curve() };
export const version: Signal<number> = signal(0);
/** The last update and the last evaluation. */
export const lastStep: Signal<StepEvent | null> = signal(null);
export const lastEval: Signal<EvalEvent | null> = signal(null);
/** Tokens per second over the last second or so. */
export const speed: Signal<number> = signal(0);
/** Texts that the model wrote along the run. */
export const samples: Signal<readonly { readonly step: number; readonly text: string }[]> = signal([]);
/** A text that the model writes for the person. */
export interface Generated {
  /** Text that it continues. */
  readonly prompt: string;
  readonly text: string;
  readonly busy: boolean;
}
const nothing: Generated = { prompt: "", text: "", busy: false };
/** What the model writes for the person. */
export const generated: Signal<Generated> = signal(nothing);
/** What the model makes of a text. */
export const look: Signal<Look | null> = signal(null);

effect(() => {
  const search = searchOf({ settings: settings.value, ownText: ownText.value, wish: wish.value });
  history.replaceState(null, "", `${location.pathname}${search}${location.hash}`);
});

/** Changes some settings. */
export function choose(changed: Partial<Settings>): void {
  settings.value = { ...settings.value, ...changed };
}

const worker = openWorker();

async function openWorker(): Promise<Worker> {
  const opened = await startWorker("playground");
  opened.onmessage = ({ data }: MessageEvent<Answer>) => receive(data);
  opened.onerror = (event) => {
    event.preventDefault();
    refuse("train", `The part of this page that computes has ended: ${event.message}: load the page again`);
  };
  return opened;
}

/** Sends a request to the worker. */
export function send(request: Request): void {
  worker.then((opened) => opened.postMessage(request), (error) => refuse(request.type, error.message));
}

const texts = new Map<string, Promise<string>>();

/** Returns a text of the playground, or the person's own. */
export async function textOf(name: Settings["text"]): Promise<string> {
  if (name === "own") return ownText.value;
  let found = texts.get(name);
  if (found === undefined) {
    found = readPageFile(`${name}.txt`);
    texts.set(name, found);
    found.catch(() => texts.delete(name));
  }
  return await found;
}

/** Starts a run with the chosen settings. If their text cannot be read, the run before goes on. */
export async function start(): Promise<void> {
  const before = runState.value;
  [failures.value, runState.value] = [{}, "starting"];
  try {
    const text = await textOf(settings.value.text);
    send({ type: "train", settings: settings.value, text, wish: wish.value });
  } catch (error) {
    if (runState.value === "starting") runState.value = before;
    failures.value = { ...failures.value, train: error instanceof Error ? error.message : String(error) };
  }
}

/** Files of a model that is not complete yet, by name. */
const given = new Map<string, File>();
/** Files that hold a model's sizes. */
const sizeFiles = ["stream.json", "config.json"];

/**
 * Opens a model from files, together with those that were given before and did not suffice. Weights that come
 * with a file of sizes start anew: a file of another model would stay until the page is loaded again.
 */
export function open(files: readonly File[]): void {
  failures.value = {};
  const hasWeights = files.some(({ name }) => name.endsWith(".safetensors"));
  if (hasWeights && files.some(({ name }) => sizeFiles.includes(name))) given.clear();
  for (const file of files) given.set(file.name, file);
  send({ type: "open", files: [...given.values()], wish: wish.value });
}

/** Lets the model write; without a prompt, from the beginning of a line. */
export function generate(how: GenerateSettings): void {
  succeed("generate");
  generated.value = { prompt: how.prompt, text: "", busy: true };
  send({ type: "generate", how: { ...how, prompt: how.prompt || "\n" } });
}

/** Shows why something that was asked for could not be done; of a run, that it has ended. */
export function refuse(what: Request["type"], why: string): void {
  failures.value = { ...failures.value, [what]: why };
  if (what !== "train") return;
  if (runState.value === "starting") runState.value = facts.value === null ? "idle" : "stopped";
  if (runState.value === "training") runState.value = "stopped";
}

function succeed(what: Request["type"]): void {
  if (failures.value[what] === undefined) return;
  const { [what]: _, ...others } = failures.value;
  failures.value = others;
}

function receive(answer: Answer): void {
  switch (answer.type) {
    case "engine":
      engine.value = { device: answer.device, why: answer.why };
      break;
    case "model":
      facts.value = answer.facts;
      clearRun();
      if (answer.facts.opened === null) break;
      given.clear();
      runState.value = "opened";
      break;
    case "closed":
      facts.value = null;
      clearRun();
      runState.value = "idle";
      break;
    case "state":
      runState.value = answer.state;
      break;
    case "steps":
      return addSteps(answer.events);
    case "eval":
      curves.heldOut.add(answer.event.step, answer.event.valLoss);
      lastEval.value = answer.event;
      version.value++;
      break;
    case "sample":
      samples.value = [...samples.value, { step: answer.step, text: answer.text }];
      break;
    case "piece":
      generated.value = { ...generated.value, text: generated.value.text + answer.text, busy: true };
      break;
    case "generated":
      generated.value = { ...generated.value, busy: false };
      break;
    case "look":
      look.value = answer.look;
      succeed("look");
      break;
    case "saved":
      return answer.files.forEach(download);
    case "failed":
      if (answer.what === "generate") generated.value = { ...generated.value, busy: false };
      return refuse(answer.what, answer.why);
  }
}

/** Forgets what is known of an earlier model. */
function clearRun(): void {
  curves.train = new Curve();
  curves.heldOut = new Curve();
  [lastStep.value, lastEval.value, samples.value, look.value] = [null, null, [], null];
  speed.value = 0;
  if (!generated.value.busy) generated.value = nothing; // otherwise the new model is about to write
  version.value++;
}

function addSteps(events: readonly StepEvent[]): void {
  for (const { step, loss, tokensPerSecond } of events) {
    if (Number.isFinite(loss)) curves.train.add(step, loss);
    speed.value = speed.value === 0 ? tokensPerSecond : 0.95 * speed.value + 0.05 * tokensPerSecond;
  }
  const last = events.at(-1);
  if (last === undefined) return;
  lastStep.value = last;
  version.value++;
}

function download({ name, content }: { readonly name: string; readonly content: Blob }): void {
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(content),
    download: name,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may ask where to save first
}
