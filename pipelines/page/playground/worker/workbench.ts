/**
 * Does what the page asks for: holds the engine, the model and the run.
 *
 * @module
 */
import type { GptConfig } from "../../../../kernels/models/gpt_options.ts";
import { generateTexts } from "../../../../stages/sample/generate_texts.ts";
import { type ModelSession, openModel } from "../../../../stages/model/model_session.ts";
import type { Tokenizer } from "../../../../stages/token/tokenizer.ts";
import type { EngineWish } from "../address.ts";
import type { Answer, GenerateSettings, Request } from "../protocol.ts";
import { settingsFault } from "../settings.ts";
import { corpusOf } from "../training/corpus.ts";
import { fittingPlan, tabLimit } from "../training/memory.ts";
import { configOf, TrainingRun } from "../training/run.ts";
import { type BrowserEngine, openBrowserEngine } from "./browser_engine.ts";
import { lookAt } from "./look.ts";
import { modelFiles } from "./model_files.ts";
import { openModelFiles } from "./open_model.ts";
import { TrainingControl, trainToEnd } from "./train.ts";
import { runTrial } from "./trial.ts";
import { breathe, Turns } from "./turns.ts";

const excerptTokens = 24;

/** The model that the page shows. */
interface Current extends AsyncDisposable {
  readonly model: ModelSession;
  readonly tokenizer: Tokenizer;
  /** Configuration of a model that trains here; null for one from files. */
  readonly config: GptConfig | null;
  /** Control of its run; null for a model from files. */
  readonly control: TrainingControl | null;
}

type Of<T extends Request["type"]> = Extract<Request, { readonly type: T }>;

/** What the worker keeps between messages. */
export class Workbench {
  readonly #send: (answer: Answer) => void;
  readonly #turns = new Turns();
  #engine: { readonly key: string; readonly opened: Promise<BrowserEngine> } | null = null;
  #current: Current | null = null;
  #control = new TrainingControl();
  #generation = new AbortController();
  /** Number of looks asked for. */
  #looks = 0;

  /** `send` sends a message to the page. */
  constructor(send: (answer: Answer) => void) {
    this.#send = send;
  }

  /** Does what a message asks for. Rejects with an error for people if that is not possible. */
  async handle(request: Request): Promise<void> {
    switch (request.type) {
      case "train":
        return await this.#train(request);
      case "pause":
        return this.#control.pause();
      case "resume":
        return this.#control.resume();
      case "stop":
        this.#control.end();
        return this.#generation.abort();
      case "generate":
        return await this.#generate(request.how);
      case "look":
        return await this.#look(request);
      case "trial": {
        const { engine } = await this.#open({ engine: "single", threads: 0, simd: "auto" });
        const trial = await this.#turns.take(() => runTrial(engine, request));
        return this.#send({ type: "trial", id: request.id, ...trial });
      }
      case "open":
        return await this.#openFiles(request);
      case "save": {
        const files = await this.#turns.take(async () => {
          const { config, model, tokenizer } = this.#model();
          if (config === null) throw new Error("This model comes from files: they are as it is");
          return await modelFiles(model, { config, tokenizer });
        });
        return this.#send({ type: "saved", files });
      }
    }
  }

  async #train({ settings, text, wish }: Of<"train">): Promise<void> {
    const fault = settingsFault(settings);
    if (fault !== null) throw new RangeError(fault);
    this.#control.end();
    this.#generation.abort();
    const control = this.#control = new TrainingControl();
    const run = await this.#turns.take(async () => {
      const corpus = corpusOf(text, settings);
      const { vocabSize } = corpus.tokenizer;
      const plan = fittingPlan(settings, { vocabSize, limit: memoryLimit() });
      const { engine } = await this.#open(wish);
      const run = await this.#replace(() => TrainingRun.open(engine, { plan, settings, corpus }));
      this.#current = {
        model: run.model,
        tokenizer: corpus.tokenizer,
        config: configOf(settings, vocabSize),
        control,
        [Symbol.asyncDispose]: () => run[Symbol.asyncDispose](),
      };
      this.#send({
        type: "model",
        facts: {
          opened: null,
          parameters: plan.parameterCount,
          bytes: Object.values(plan.memory).reduce((sum, bytes) => sum + bytes, 0),
          vocabSize: corpus.tokenizer.vocabSize,
          layers: settings.layers,
          heads: settings.heads,
          context: settings.context,
          steps: settings.steps,
          trainTokens: corpus.train.length,
          heldOutTokens: corpus.heldOut.length,
          excerpt: corpus.tokenizer.decode(corpus.heldOut.subarray(0, excerptTokens)).trim(),
        },
      });
      return run;
    });
    // Of a run in whose place another was asked for or a model opened, the page wants to know nothing more.
    const send = (answer: Answer): void => {
      if (this.#control === control && this.#current?.control === control) this.#send(answer);
    };
    let state: "done" | "stopped" = "stopped";
    try {
      state = await trainToEnd(run, { control, turns: this.#turns, send });
    } catch (error) {
      if (!control.stop.signal.aborted) throw error; // otherwise its model has been closed
    }
    send({ type: "state", state });
  }

  async #openFiles({ files, wish }: Of<"open">): Promise<void> {
    await this.#turns.take(async () => {
      const { plan, weights, tokenizer, name } = await openModelFiles(files, memoryLimit());
      const { engine } = await this.#open(wish);
      const model = await this.#replace(() => openModel(engine, { plan, weights }));
      this.#current = {
        model,
        tokenizer,
        config: null,
        control: null,
        [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
      };
      this.#send({
        type: "model",
        facts: {
          opened: name,
          parameters: plan.parameterCount,
          bytes: Object.values(plan.memory).reduce((sum, bytes) => sum + bytes, 0),
          vocabSize: tokenizer.vocabSize,
          layers: plan.traced.length,
          heads: plan.traced[0]?.heads ?? 0,
          context: plan.model.seqLen,
          steps: 0,
          trainTokens: 0,
          heldOutTokens: 0,
          excerpt: "",
        },
      });
    });
  }

  /** Looks at a text, unless another look is asked for before its turn: a person types faster. */
  async #look({ text }: Of<"look">): Promise<void> {
    const number = ++this.#looks;
    const look = await this.#turns.take(async () => {
      if (number === this.#looks) await breathe(); // a kernel on this thread has kept messages waiting
      if (number !== this.#looks) return null;
      const { model, tokenizer } = this.#model();
      return await lookAt(model, tokenizer, text);
    });
    if (look !== null) this.#send({ type: "look", look });
  }

  async #generate({ prompt, tokens, ...sampling }: GenerateSettings): Promise<void> {
    this.#generation.abort();
    const generation = this.#generation = new AbortController(), { signal } = generation;
    try {
      await this.#turns.take(async () => {
        const { model, tokenizer } = this.#model();
        const events = generateTexts(model, tokenizer, {
          ...sampling,
          texts: [{ prompt, sample: 0 }],
          maxTokens: tokens,
          slide: Math.max(1, Math.ceil(model.plan.cacheLength / 2)),
          signal,
        });
        for await (const event of events) {
          if ("piece" in event) this.#send({ type: "piece", text: event.piece });
        }
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (this.#generation === generation) this.#send({ type: "generated" });
  }

  /** Opens the engine of a wish, or returns it if it is open. */
  async #open(wish: EngineWish): Promise<BrowserEngine> {
    const key = JSON.stringify(wish);
    if (this.#engine?.key !== key) this.#engine = { key, opened: openBrowserEngine(wish) };
    const opened = await this.#engine.opened;
    const { engine, why } = opened;
    this.#send({ type: "engine", name: engine.name, device: engine.device, why });
    return opened;
  }

  #model(): Current {
    if (this.#current === null) throw new Error("There is no model yet: train one or open one");
    return this.#current;
  }

  /** Ends the run, closes the model, then opens another: they need not be on the device at once. */
  async #replace<T>(open: () => Promise<T>): Promise<T> {
    const current = this.#current;
    this.#current = null;
    current?.control?.end();
    try {
      await current?.[Symbol.asyncDispose]();
      return await open();
    } catch (error) {
      this.#send({ type: "closed" });
      throw error;
    }
  }
}

/** Returns the bytes that this tab may use. */
function memoryLimit(): number {
  const gibibytes: unknown = Reflect.get(navigator, "deviceMemory");
  return tabLimit(typeof gibibytes === "number" ? gibibytes : undefined);
}
