/**
 * What to say when all items of a flow have been dropped.
 *
 * @module
 */
import type { RunEvent, StageEvent } from "./events.ts";

/** Error of a stage that needs items and got none. `recordRun` adds which stages dropped them, and why. */
export class NoItemsError extends RangeError {
  override readonly name = "NoItemsError";
  /** What to type instead. */
  readonly advice: string;

  /** `message` says what cannot be done. */
  constructor(message: string, { advice, cause }: { readonly advice: string; readonly cause?: unknown }) {
    super(message, { cause });
    this.advice = advice;
  }
}

/** Keeps the latest counts of each stage. */
export class DropTally {
  readonly #stages = new Map<string, StageEvent>();

  /** Takes an event of the run; events other than those of stages are ignored. */
  take(event: RunEvent): void {
    if (event.type === "stage") this.#stages.set(event.name, event);
  }

  /**
   * Text such as "language dropped 12 of 12 (below_threshold 12)", in the order of the stages; null if
   * nothing was dropped.
   */
  text(): string | null {
    const lines = [...this.#stages.values()].flatMap(({ name, dropped, in: seen, out }) => {
      const reasons = Object.entries(dropped).sort(([, a], [, b]) => b - a);
      const count = reasons.reduce((sum, [, n]) => sum + n, 0);
      if (count === 0) return [];
      const most = reasons.slice(0, MOST_REASONS).map(([reason, n]) => `${reason} ${n}`).join(", ");
      return [`${name} dropped ${count} of ${Math.max(seen, out + count)} (${most})`];
    });
    return lines.length === 0 ? null : lines.join("; ");
  }

  /**
   * The error with the counts in its message, if its chain of causes has a NoItemsError; otherwise the error.
   */
  explain(error: unknown): unknown {
    for (let at = error; at instanceof Error; at = at.cause) {
      if (!(at instanceof NoItemsError)) continue;
      const dropped = this.text();
      return new RangeError(`${at.message}${dropped === null ? "" : `: ${dropped}`}: ${at.advice}`);
    }
    return error;
  }
}

const MOST_REASONS = 4;
