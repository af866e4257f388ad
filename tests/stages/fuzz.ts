/**
 * Fuzz testing: a reader reads mutated files. It must read each file or reject it with a readable error of a
 * class that the reader documents, within limits of time and memory.
 *
 * @module
 */
import { mutant } from "./mutants.ts";

const SEED = 5; // seed of all mutants

/** A reader, and the files whose mutants it reads. */
export interface Fuzz {
  /** Name of the file type, which also selects the random numbers. */
  readonly name: string;
  /** Files to mutate; the first must be valid. */
  readonly files: readonly Uint8Array[];
  /** Number of mutants (10,000 in all tests together). */
  readonly count: number;
  /** Classes of errors that the reader may throw; empty if it accepts any file. */
  readonly errors: readonly (abstract new (...args: any[]) => Error)[];
  /** Reads one file. */
  read(bytes: Uint8Array<ArrayBuffer>): unknown;
}

const MAX_TIME = 20_000; // milliseconds per mutant
const MAX_MEMORY = 1 << 30; // bytes; limit for the growth of the process's memory

/**
 * Reads all mutants, and returns how many were read and how many were rejected. Throws, with the mutant's
 * number, if the reader throws any other error or exceeds a limit.
 */
export async function fuzz(
  { name, files, count, errors, read }: Fuzz,
): Promise<{ read: number; refused: number }> {
  const outcomes = { read: 0, refused: 0 };
  await read(new Uint8Array(files[0])); // shows that a later error is due to the mutation
  const begin = Deno.memoryUsage().rss;
  for (let number = 0; number < count; number++) {
    const bytes = mutant(files, { seed: SEED, name, number });
    const start = Date.now();
    try {
      await read(bytes);
      outcomes.read++;
    } catch (error) {
      const promised = errors.some((type) => error instanceof type) && error instanceof Error &&
        /^(Cannot|Unknown|Line|Row|Record|Not|Broken|\S+ (has|is))/.test(error.message) &&
        error.message.length < 2000;
      if (!promised) {
        throw new Error(`Mutant ${number} of ${name} (seed ${SEED}) ends in ${error}`, { cause: error });
      }
      outcomes.refused++;
    }
    const took = Date.now() - start, held = Deno.memoryUsage().rss - begin;
    if (took > MAX_TIME) throw new Error(`Mutant ${number} of ${name} (seed ${SEED}) took ${took} ms`);
    if (held > MAX_MEMORY) {
      throw new Error(
        `After mutant ${number} of ${name} (seed ${SEED}), the process has grown by ${held} bytes`,
      );
    }
  }
  if (errors.length > 0 && outcomes.refused === 0) {
    throw new Error(`No mutant of ${name} was refused: check that the mutants are damaged`);
  }
  return outcomes;
}
