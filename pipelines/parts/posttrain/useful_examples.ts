/**
 * Examples that are read again and again, as long as some of them can be trained on.
 *
 * @module
 */
import type { Source } from "../../../stages/flow/stage.ts";
import { repeat, type RepeatState } from "../../../stages/source/repeat.ts";

/** Examples that may be in flight between the source and the stage that keeps or drops them. */
const IN_FLIGHT = 2000;

/** What to give instead of examples that were dropped for a reason. */
const REMEDIES: Readonly<Record<string, string>> = {
  no_answer: "records with an answer of the assistant that has a weight",
  no_answer_left: "a larger --seq-len",
  too_long: "a larger --seq-len",
  unwritable: "another --template",
  same_answers: "pairs whose answers differ",
};

/** Ends a run that would read its examples for ever without keeping one. */
export class UsefulExamples {
  #sinceKept = 0;
  readonly #reasons = new Map<string, number>();

  /** Told of each example: the reason why it was dropped, or null if it was kept. */
  readonly onExample = (reason: string | null): void => {
    if (reason === null) {
      this.#sinceKept = 0;
      this.#reasons.clear();
    } else this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  };

  /**
   * Returns a source that reads another without end. It throws RangeError once it has read all records twice,
   * and some thousand of them, since one was kept.
   */
  repeated<T>(source: Source<T>, records: string): Source<T, RepeatState> {
    const counted: Source<T> = {
      ...source,
      read: (state, ctx) => this.#read(source.read(state, ctx), { records, name: source.name }),
    };
    return repeat(counted, Infinity);
  }

  async *#read<T>(
    items: AsyncIterable<T> | Iterable<T>,
    { records, name }: { readonly records: string; readonly name: string },
  ): AsyncGenerator<T, void, undefined> {
    let count = 0;
    for await (const item of items) {
      count++;
      this.#sinceKept++;
      yield item;
    }
    if (this.#sinceKept < Math.max(2 * count, IN_FLIGHT)) return;
    const reasons = [...this.#reasons.keys()];
    throw new RangeError(
      `Nothing to train on: none of the ${count} ${records} of ${name} can be used (${
        reasons.join(", ") || "all are damaged"
      }): give ${reasons.map((reason) => REMEDIES[reason] ?? "others").join(", or ") || "others"}`,
    );
  }
}
