/**
 * Options for choosing kernels by timing them.
 *
 * @module
 */

/** Names of the chosen kernel variants; the keys come from `callKey()`. */
export type KernelChoices = ReadonlyMap<string, string>;

/**
 * Keeps kernel choices from one run to the next, separately for each adapter. The engine itself touches no
 * disk.
 */
export interface TuningStore {
  /** Where the choices are kept, such as the path of a file; the engine's description shows it. */
  readonly location: string;
  /** Returns the choices kept for an adapter, or empty choices if there are none yet. */
  read(adapter: string): Promise<KernelChoices>;
  /** Adds choices for an adapter to those that are kept. */
  add(adapter: string, choices: KernelChoices): Promise<void>;
}

/** How `openWebgpu` chooses kernels by timing. */
export interface Tuning {
  /** Where choices are kept, so that each call shape is timed only once. */
  readonly store: TuningStore;
  /** Receives one line of text before timing starts and one after it: timing can take a minute. */
  report?(text: string): void;
}
