/**
 * What a live page is told besides lines.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { encodeNumbers } from "../../flow/event_json.ts";
import { stateOf } from "../report.ts";
import type { LiveRun } from "./live_run.ts";
import { Notice } from "./notice.ts";

/** Milliseconds between two states: pages show the truth within a second. */
export const STATE_EVERY = 900;

/** What pages offer besides what they show. */
export interface Offer {
  /** Names of all runs that pages can show. */
  readonly all: readonly string[];
  /** Whether the buttons are shown. */
  readonly acts: boolean;
}

/** What pages are offered now. */
export class Offers {
  readonly changed = new Notice();
  #now: Offer = { all: [], acts: false };
  #changes = 0;

  get now(): Offer {
    return this.#now;
  }

  /** Counts how often the offer has changed. */
  get changes(): number {
    return this.#changes;
  }

  set(offer: Offer): void {
    if (JSON.stringify(offer) === JSON.stringify(this.#now)) return;
    this.#now = offer;
    this.#changes++;
    this.changed.give();
  }
}

/**
 * What pages show of runs besides lines: sums over stages and documents and what pages offer, sent at most
 * once a second, and counts of stages that have no line yet.
 */
export class StateMessages {
  readonly #runs: readonly LiveRun[];
  readonly #offers: Offers;
  #sent = "";
  #sentNow = "";
  #at = -Infinity;
  #seen = "";

  constructor(runs: readonly LiveRun[], offers: Offers) {
    this.#runs = runs;
    this.#offers = offers;
  }

  /** Returns a message with what changed since the last one; null if nothing did. */
  take(): string | null {
    const now = encodeNumbers(this.#runs.map(({ now }) => now));
    if (now !== this.#sentNow) {
      this.#sentNow = now;
      return `event: now\ndata: ${now}\n\n`;
    }
    const counts = this.#counts();
    if (counts === this.#seen || performance.now() < this.#at + STATE_EVERY) return null;
    [this.#seen, this.#at] = [counts, performance.now()];
    const state = encodeNumbers({
      ...stateOf(this.#runs.map(({ page }) => page)),
      live: this.#offers.now,
    });
    if (state === this.#sent) return null;
    this.#sent = state;
    return `event: state\ndata: ${state}\n\n`;
  }

  /** Resolves when `take()` may return a message that does not follow from new lines. */
  async changed(signal: AbortSignal): Promise<void> {
    const waits = [...this.#runs.map((run) => run.nowChanged(signal)), this.#offers.changed.wait(signal)];
    if (this.#counts() !== this.#seen) {
      const left = Math.max(0, this.#at + STATE_EVERY - performance.now());
      waits.push(delay(left, undefined, { signal }).catch(() => {}));
    }
    await Promise.race(waits);
  }

  #counts(): string {
    return [this.#offers, ...this.#runs].map(({ changes }) => changes).join();
  }
}
