/**
 * What the thread that runs code is asked, and what it answers.
 *
 * @module
 */

/** Limits of a run. */
export interface CodeLimits {
  /** Longest time in milliseconds. */
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
