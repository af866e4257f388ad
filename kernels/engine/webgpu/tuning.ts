/**
 * Choosing kernels by timing them: what a caller gives the engine for it.
 *
 * @module
 */

/** Names of the chosen kernel variants, by `callKey()`. */
export type KernelChoices = ReadonlyMap<string, string>;

/**
 * Keeps kernel choices from one run to the next, separately for each adapter. The engine itself touches no
 * disk.
 */
export interface TuningStore {
  /** Where the choices are kept, shown in the engine's description: a file's path. */
  readonly location: string;
  /** The choices kept for an adapter; empty where there are none yet. */
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
