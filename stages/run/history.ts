/**
 * What has changed in the course of a run: options, the device and versions where it was resumed, and options
 * that the run itself determined.
 *
 * @module
 */
import type { Json } from "../disk/json.ts";
import type { RunEvent } from "../flow/events.ts";

/** Values that changed when a run was resumed, as `[before, after]`; the key is the name of the value. */
export type Changes = Readonly<Record<string, readonly [before: Json, after: Json]>>;

/** One resume of a run with other values than before, or options that the run itself determined. */
export interface HistoryEntry {
  /** Number of updates (or items) after which the values changed: those of the checkpoint, on resume. */
  readonly step: number;
  /** Checkpoint of another run, as it was typed, that this run was branched off from after `step` updates. */
  readonly from?: string;
  /** Options, keyed by name. */
  readonly options?: Changes;
  /** The device, the number of threads and the versions of programs, keyed by name. */
  readonly machine?: Changes;
}

/** The values that a run may be resumed with and without changing. */
export interface RunValues {
  /** Option values, keyed by the option's name. */
  readonly options: Readonly<Record<string, Json>>;
  /** The device as its engine names it, the number of threads and versions of programs. */
  readonly machine: Readonly<Record<string, Json>>;
}

/**
 * Returns the history of a run that resumes at `step` with the values `now`. `before` are the values in the
 * record of the run. Entries from `step` on are replaced: the run goes back to the checkpoint, so those
 * changes are undone or made again.
 */
export function historyAt(
  step: number,
  { earlier, before, now }: {
    readonly earlier: readonly HistoryEntry[];
    readonly before: RunValues;
    readonly now: RunValues;
  },
): { readonly history: readonly HistoryEntry[]; readonly entry: HistoryEntry | null } {
  const history = earlier.filter((entry) => entry.step < step);
  const undone = earlier.filter((entry) => entry.step >= step).toReversed();
  const options = changes(withUndone(before.options, undone.map((each) => each.options)), now.options);
  const machine = changes(withUndone(before.machine, undone.map((each) => each.machine)), now.machine);
  // The run still comes from there, whatever is undone.
  const from = undone.find((entry) => entry.from !== undefined)?.from;
  if (options === null && machine === null && from === undefined) return { history, entry: null };
  const entry = {
    step,
    ...(from !== undefined && { from }),
    ...(options !== null && { options }),
    ...(machine !== null && { machine }),
  };
  return { history: [...history, entry], entry };
}

/** Returns values with changes taken back; the latest change is first. */
function withUndone(
  values: Readonly<Record<string, Json>>,
  undone: readonly (Changes | undefined)[],
): Readonly<Record<string, Json>> {
  const result = { ...values };
  for (const change of undone) {
    for (const [name, [before]] of Object.entries(change ?? {})) result[name] = before;
  }
  return result;
}

/** Returns the values that both sides have and that differ; null if there are none. */
function changes(
  before: Readonly<Record<string, Json>>,
  now: Readonly<Record<string, Json>>,
): Changes | null {
  const differing = Object.entries(now).filter(([name, value]) =>
    Object.hasOwn(before, name) && JSON.stringify(before[name]) !== JSON.stringify(value)
  );
  if (differing.length === 0) return null;
  return Object.fromEntries(differing.map(([name, value]) => [name, [before[name], value]]));
}

/** Returns the values after changes. */
export function valuesAfter(changes: Changes): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(changes).map(([name, [, after]]) => [name, after]));
}

/** Returns events that tell of an entry: the change itself, and whether the same bits can be expected. */
export function eventsOf(entry: HistoryEntry): readonly RunEvent[] {
  const note = machineNote(entry.machine ?? {});
  return [
    ...(entry.from === undefined
      ? []
      : [{ type: "note", text: `Branched off from ${entry.from}: that run stays as it is` } as const]),
    ...(entry.options === undefined
      ? []
      : [{ type: "change", step: entry.step, options: entry.options } as const]),
    ...(note === null ? [] : [{ type: "note", text: note } as const]),
  ];
}

/** Says what has changed about the machine, and whether the run can still have the same bits. */
function machineNote({ threads, ...others }: Changes): string | null {
  const names = Object.entries(others).map(([name, [before, after]]) => `${name} ${before} → ${after}`);
  if (names.length > 0) {
    return `Resumed elsewhere: ${
      names.join(", ")
    }: losses follow the same course, but their last bits may differ ` +
      `from those of an uninterrupted run`;
  }
  return threads === undefined
    ? null
    : `Resumed with ${threads[1]} threads instead of ${threads[0]}: losses stay equal bit for bit`;
}
