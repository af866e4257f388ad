/**
 * An engine whose programs run in all processes of a run at once. Rank 0 has the model; it tells the other
 * ranks what it does with its device, and each does the same with its own. So only rank 0 reads data, decides
 * and writes, and nothing has to be agreed upon but the order of the messages.
 *
 * @module
 */
import type { Program } from "../../core/program.ts";
import { regionsOf } from "../../core/regions.ts";
import { sizeOf, type TensorMap } from "../../core/tensor.ts";
import type { SumOrder } from "../../dist/ranks.ts";
import type {
  CallTiming,
  ChangeOptions,
  Engine,
  PackRange,
  ReplayOptions,
  Session,
  SessionCounters,
  SessionRanks,
} from "../engine.ts";
import type { Leader } from "./leader.ts";
import { act, type ActionResult, newState } from "./act.ts";
import { type Action, type EngineRequest, headsOf, partOf } from "./messages.ts";
import { agreeOnDevices } from "./opened.ts";
import { programToJson } from "./program_json.ts";

/** How ranks work together. */
export interface RankEngineOptions {
  /** The conversation with the other ranks. */
  readonly leader: Leader;
  /** Options of the engines of all ranks. */
  readonly request: EngineRequest;
  /** How tensors are added. Default: tree. */
  readonly order?: SumOrder;
  /** Called when another rank has been asked to stop. */
  onStop?(): void;
}

/** Makes an engine of rank 0's engine and those that the other ranks will open. */
export function rankEngine(engine: Engine, options: RankEngineOptions): Engine {
  const { leader, request } = options, { ranks } = leader;
  let sessions = 0;
  return {
    name: engine.name,
    device: `${engine.device}, in each of ${ranks.size} processes (${ranks.library})`,
    async open(programs, weights, { alone = () => false } = {}) {
      const session = sessions++;
      const shared = programs.filter(({ name }) => !alone(name));
      const sizes = new Map(
        regionsOf(shared).flatMap((region) => [region, ...region.members])
          .map((spec) => [spec.label, sizeOf(spec.shape)]),
      );
      const known = Object.fromEntries(Object.entries(weights).filter(([label]) => sizes.has(label)));
      const isDealt = (label: string, length: number) => length === ranks.size * (sizes.get(label) ?? 0);
      const wrong = Object.entries(known).find(([label, { data }]) =>
        data.length !== sizes.get(label) && !isDealt(label, data.length)
      );
      if (wrong !== undefined) {
        throw new RangeError(
          `Cannot load ${wrong[0]}: it has ${
            wrong[1].data.length
          } values, and each of ${ranks.size} processes takes ${
            sizes.get(wrong[0])
          }: resume with as many processes as the run had`,
        );
      }
      const own = Object.fromEntries(
        Object.entries(weights).map(([label, tensor]) => [
          label,
          isDealt(label, tensor.data.length) ? partOf(tensor, ranks) : tensor,
        ]),
      );
      const message = {
        type: "open",
        session,
        request,
        programs: shared.map(programToJson),
        tensors: [headsOf(known, (label) => isDealt(label, known[label].data.length))],
      } as const;
      const opened = await leader.tell(message, {
        data: [known],
        work: async () => {
          const opened = await engine.open(programs, own).catch((error: Error) => error);
          try {
            await agreeOnDevices(ranks, opened instanceof Error ? opened : engine.device);
          } catch (error) {
            if (!(opened instanceof Error)) await opened[Symbol.asyncDispose]();
            return error;
          }
          return opened;
        },
      });
      if (opened instanceof Error) throw opened;
      return new LeadingSession(opened as Session, {
        ...options,
        number: session,
        overlaps: engine.name === "cpu",
        sizes,
        shared,
      });
    },
  };
}

/** Something to be done in all ranks, and who waits for it. */
interface Pending {
  readonly action: Action;
  /** Data of a `write`, for all ranks. */
  readonly data?: TensorMap;
  readonly options?: ReplayOptions;
  readonly done: PromiseWithResolvers<ActionResult>;
}

/**
 * Rank 0's session. What it does in all ranks happens in the order of the calls, one after the other; calls
 * that are made together become one message.
 */
class LeadingSession implements Session, SessionRanks {
  readonly readsDrain: boolean;
  readonly #session: Session;
  readonly #options: RankEngineOptions & { readonly number: number; readonly overlaps: boolean };
  /** Number of elements of the tensors that all ranks have, by label. */
  readonly #sizes: ReadonlyMap<string, number>;
  /** Names of the programs that all ranks run. */
  readonly #shared: ReadonlySet<string>;
  #pending: Pending[] = [];
  readonly #state = newState();

  constructor(
    session: Session,
    { sizes, shared, ...options }: RankEngineOptions & {
      readonly number: number;
      readonly overlaps: boolean;
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
    if (Object.keys(shared).length > 0) this.#together({ type: "write" }, { data: shared }).catch(() => {});
  }

  async run(programs: readonly string[], options: ReplayOptions = {}): Promise<void> {
    const inAll = programs.filter((name) => this.#shared.has(name)).length;
    if (inAll > 0 && inAll < programs.length) {
      throw new RangeError(`Cannot run ${programs.join(", ")} together: some run in one process alone`);
    }
    if (inAll > 0) await this.#together({ type: "run", programs }, { options });
    else await this.#alone(() => this.#session.run(programs, options));
  }

  async read(labels: readonly string[]): Promise<TensorMap> {
    return await this.#alone(() => this.#session.read(labels));
  }

  async change(
    labels: readonly string[],
    work: (tensors: readonly Float32Array[]) => Promise<void>,
    options: ChangeOptions = {},
  ): Promise<void> {
    await this.#alone(() => this.#session.change(labels, work, options));
  }

  async timings(): Promise<readonly CallTiming[] | null> {
    return await this.#alone(() => this.#session.timings());
  }

  async sum(labels: readonly string[]): Promise<void> {
    const { order = "tree", onStop } = this.#options;
    const { stops = false } = await this.#together({ type: "sum", labels, order });
    if (stops) onStop?.();
  }

  get overlaps(): boolean {
    return this.#options.overlaps;
  }

  beginSum(ranges: readonly PackRange[]): void {
    const { order = "tree" } = this.#options;
    this.#together({ type: "begin sum", ranges, order }).catch(() => {}); // the next sum fails too
  }

  keep(label: string): void {
    this.#together({ type: "keep", label }).catch(() => {}); // every later call fails too
  }

  async gather(label: string): Promise<Float32Array> {
    this.keep(label);
    return (await this.#together({ type: "gather" })).gathered!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#send();
    await this.#options.leader.tell({ type: "close", session: this.#options.number, tensors: [] }, {
      work: () => this.#session[Symbol.asyncDispose](),
    });
  }

  #isDealt(label: string, length: number): boolean {
    return length === this.size * (this.#sizes.get(label) ?? 0);
  }

  #alone<T>(work: () => Promise<T> | T): Promise<T> {
    this.#send();
    return this.#options.leader.inTurn(work);
  }

  #together(action: Action, rest: Pick<Pending, "data" | "options"> = {}): Promise<ActionResult> {
    const done = Promise.withResolvers<ActionResult>();
    if (this.#pending.length === 0) queueMicrotask(() => this.#send());
    this.#pending.push({ action, ...rest, done });
    return done.promise;
  }

  /** Sends what is pending as one message, and does it. */
  #send(): void {
    const pending = this.#pending.splice(0);
    if (pending.length === 0) return;
    const { leader, number } = this.#options, { ranks } = leader;
    const data = pending.flatMap(({ data }) => data === undefined ? [] : [data]);
    const tensors = data.map((tensors) =>
      headsOf(tensors, (label) => this.#isDealt(label, tensors[label].data.length))
    );
    const message = {
      type: "do",
      session: number,
      actions: pending.map(({ action }) => action),
      tensors,
    } as const;
    leader.tell(message, {
      data,
      work: async () => {
        for (const { action, data, options, done } of pending) {
          const own = data && this.#ownParts(data);
          done.resolve(
            await act(this.#session, action, {
              ranks,
              data: own,
              state: this.#state,
              stops: false,
              ...options,
            }),
          );
        }
      },
    }).catch((error) => pending.forEach(({ done }) => done.reject(error)));
  }

  #ownParts(tensors: TensorMap): TensorMap {
    return Object.fromEntries(
      Object.entries(tensors).map(([label, tensor]) => [
        label,
        this.#isDealt(label, tensor.data.length) ? partOf(tensor, this.#options.leader.ranks) : tensor,
      ]),
    );
  }
}
