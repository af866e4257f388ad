/**
 * An engine whose programs run in all processes of a run at once. Rank 0 has the model; it tells the other
 * ranks what it does with its device, and each does the same with its own. So only rank 0 reads data, decides
 * and writes, and nothing has to be agreed upon but the order of the messages.
 *
 * @module
 */
import { type Program } from "../../core/program.ts";
import { regionsOf } from "../../core/regions.ts";
import { sizeOf, type TensorMap } from "../../core/tensor.ts";
import type { SumOrder } from "../../dist/ranks.ts";
import type { CallTiming, Engine, ReplayOptions, Session, SessionCounters, SessionRanks } from "../engine.ts";
import type { Leader } from "./leader.ts";
import { type EngineRequest, headsOf, partOf } from "./messages.ts";
import { agreeOnDevices } from "./opened.ts";
import { programToJson } from "./program_json.ts";
import { sumTensors } from "./sum_tensors.ts";

/** How ranks work together. */
export interface RankEngineOptions {
  /** The conversation with the other ranks. */
  readonly leader: Leader;
  /** Options of the engines of all ranks. */
  readonly request: EngineRequest;
  /** How tensors are added. Default: tree. */
  readonly order?: SumOrder;
  /** Returns whether all ranks run a program, by its name; the others run on rank 0 alone. */
  isShared(program: string): boolean;
  /** Called when another rank has been asked to stop. */
  onStop?(): void;
}

/** Makes an engine of rank 0's engine and those that the other ranks will open. */
export function rankEngine(engine: Engine, options: RankEngineOptions): Engine {
  const { leader, request } = options, { ranks } = leader;
  return {
    name: engine.name,
    device: `${engine.device}, in each of ${ranks.size} processes (${ranks.library})`,
    async open(programs, weights) {
      const shared = programs.filter(({ name }) => options.isShared(name));
      const sizes = new Map(
        regionsOf(shared).flatMap((region) => [region, ...region.members])
          .map((spec) => [spec.label, sizeOf(spec.shape)]),
      );
      const known = Object.fromEntries(Object.entries(weights).filter(([label]) => sizes.has(label)));
      const message = {
        type: "open",
        request,
        programs: shared.map(programToJson),
        weights: headsOf(known),
      } as const;
      const session = await leader.tell(message, {
        data: [known],
        work: async () => {
          const opened = await engine.open(programs, weights).catch((error: Error) => error);
          try {
            await agreeOnDevices(ranks, opened instanceof Error ? opened : engine.device);
          } catch (error) {
            if (!(opened instanceof Error)) await opened[Symbol.asyncDispose]();
            return error;
          }
          return opened;
        },
      });
      if (session instanceof Error) throw session;
      return new LeadingSession(session as Session, { ...options, sizes, shared });
    },
  };
}

/** Rank 0's session. What it does in all ranks happens in the order of the calls, one after the other. */
class LeadingSession implements Session, SessionRanks {
  readonly readsDrain: boolean;
  readonly #session: Session;
  readonly #options: RankEngineOptions;
  /** Number of elements of the tensors that all ranks have, by label. */
  readonly #sizes: ReadonlyMap<string, number>;
  /** Names of the programs that all ranks run. */
  readonly #shared: ReadonlySet<string>;
  /** Tensors to be written in all ranks before the next run. */
  #writes: TensorMap[] = [];

  constructor(
    session: Session,
    { sizes, shared, ...options }: RankEngineOptions & {
      readonly sizes: ReadonlyMap<string, number>;
      readonly shared: readonly Program[];
    },
  ) {
    this.#session = session;
    this.#options = options;
    this.#sizes = sizes;
    this.#shared = new Set(shared.map(({ name }) => name));
    this.readsDrain = session.readsDrain;
  }

  get counters(): SessionCounters {
    return this.#session.counters;
  }

  get ranks(): this {
    return this;
  }

  get size(): number {
    return this.#options.leader.ranks.size;
  }

  /** A value that is as many times larger than its tensor as there are ranks is dealt out among them. */
  write(values: TensorMap): void {
    const own: Record<string, TensorMap[string]> = {}, shared: Record<string, TensorMap[string]> = {};
    for (const [label, { shape, data }] of Object.entries(values)) {
      const size = this.#sizes.get(label), copy = { shape, data: data.slice() };
      if (size === undefined) own[label] = copy;
      else if (data.length === size || this.#isDealt(label, data.length)) shared[label] = copy;
      else throw new RangeError(`Cannot write ${label}: got ${data.length} values, wanted ${size}`);
    }
    // An error of the write is that of every later call.
    if (Object.keys(own).length > 0) this.#alone(() => this.#session.write(own)).catch(() => {});
    if (Object.keys(shared).length > 0) this.#writes.push(shared);
  }

  async run(programs: readonly string[], options: ReplayOptions = {}): Promise<void> {
    if (programs.every((name) => this.#shared.has(name))) return await this.#runShared(programs, options);
    const wrong = programs.find((name) => this.#shared.has(name));
    if (wrong !== undefined) {
      throw new RangeError(`Cannot run ${wrong} of all processes together with programs of one`);
    }
    this.#flush();
    await this.#alone(() => this.#session.run(programs, options));
  }

  async read(labels: readonly string[]): Promise<TensorMap> {
    this.#flush();
    return await this.#alone(() => this.#session.read(labels));
  }

  async change(
    labels: readonly string[],
    work: (tensors: readonly Float32Array[]) => Promise<void>,
  ): Promise<void> {
    this.#flush();
    await this.#alone(() => this.#session.change(labels, work));
  }

  async timings(): Promise<readonly CallTiming[] | null> {
    return await this.#alone(() => this.#session.timings());
  }

  async sum(labels: readonly string[]): Promise<void> {
    const { leader, order = "tree", onStop } = this.#options, { ranks } = leader;
    const stops = await leader.tell({ type: "sum", labels, order }, {
      work: () => sumTensors(this.#session, { ranks, labels, order, stops: false }),
    });
    if (stops) onStop?.();
  }

  async gather(label: string): Promise<Float32Array> {
    const { leader } = this.#options;
    return await leader.tell({ type: "gather", label }, {
      work: async () => await leader.ranks.gather(await floatsOf(this.#session, label)),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.leader.tell({ type: "close" }, { work: () => this.#session[Symbol.asyncDispose]() });
  }

  async #runShared(programs: readonly string[], options: ReplayOptions): Promise<void> {
    const { leader } = this.#options, data = this.#writes.splice(0);
    const writes = data.map((tensors) =>
      headsOf(tensors, (label) => this.#isDealt(label, tensors[label].data.length))
    );
    await leader.tell({ type: "run", writes, programs }, {
      data,
      work: async () => {
        for (const heads of data) this.#session.write(this.#ownParts(heads));
        await this.#session.run(programs, options);
      },
    });
  }

  #ownParts(tensors: TensorMap): TensorMap {
    return Object.fromEntries(
      Object.entries(tensors).map(([label, tensor]) => [
        label,
        this.#isDealt(label, tensor.data.length) ? partOf(tensor, this.#options.leader.ranks) : tensor,
      ]),
    );
  }

  #isDealt(label: string, length: number): boolean {
    return length === this.size * (this.#sizes.get(label) ?? 0);
  }

  /** Writes what is left to be written in all ranks. */
  #flush(): void {
    if (this.#writes.length > 0) this.#runShared([], {}).catch(() => {}); // every later call fails too
  }

  #alone<T>(work: () => Promise<T> | T): Promise<T> {
    return this.#options.leader.inTurn(work);
  }
}

/** Reads a tensor of floats. */
export async function floatsOf(session: Session, label: string): Promise<Float32Array> {
  const { data } = (await session.read([label]))[label];
  if (data instanceof Float32Array) return data;
  throw new TypeError(`Cannot gather ${label}: it is not f32`);
}
