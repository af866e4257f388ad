/**
 * What the thread that runs code is asked, and what it answers.
 *
 * @module
 */

/** Limits of a run. */
export interface CodeLimits {
  /**
   * Most steps of 10,000 jumps and calls each. Unlike the time, they are the same on every machine, so that
   * endless loops end with the same result.
   */
  readonly steps: number;
  /** Longest time in milliseconds; the thread is ended 200 ms later. */
  readonly milliseconds: number;
  /** Largest memory in bytes. */
  readonly bytes: number;
  /** Largest output in characters. */
  readonly characters: number;
}

/** Code to run. */
export interface CodeRequest {
  readonly code: string;
  readonly limits: CodeLimits;
}

/** What the code printed, or why it failed. */
export type CodeResult = { readonly output: string } | { readonly error: string };

/** A result, and whether the thread can run no more code. */
export type CodeAnswer = CodeResult & { readonly isBroken?: true };
