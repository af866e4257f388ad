/**
 * Feeds mutants to a reader and judges what becomes of them: something is read, or an error of a kind that the reader
 * promises comes, with a message for people; nothing else, within bounds.
 *
 * @module
 */
import { mutant } from "./mutants.ts";

/** The mutants of the whole suite are those of this seed. */
const SEED = 5;

/** What to feed, to whom. */
export interface Fuzz {
  /** Kind of file, and the stream of random numbers. */
  readonly name: string;
  /** Files to damage; the first is sound. */
  readonly files: readonly Uint8Array[];
  /** Mutants (in all tests together 10,000). */
  readonly count: number;
  /** Classes of errors that the reader promises; none if it takes everything. */
  readonly errors: readonly (abstract new (...args: any[]) => Error)[];
  /** Reads one. */
  read(bytes: Uint8Array<ArrayBuffer>): unknown;
}

/** Longest that a mutant may take: a watchdog, for a hang would stop the whole suite. */
const PATIENCE = 20_000; // milliseconds
const MOST_HEAP = 1 << 30; // bytes held by the process beyond what it held at the beginning

/** Outcomes of all mutants. Throws, with the mutant's number, for an outcome that no reader may have. */
export async function fuzz(
  { name, files, count, errors, read }: Fuzz,
): Promise<{ read: number; refused: number }> {
  const outcomes = { read: 0, refused: 0 };
  await read(new Uint8Array(files[0])); // sound, so what is refused is the damage
  const begin = Deno.memoryUsage().rss;
  for (let number = 0; number < count; number++) {
    const bytes = mutant(files, { seed: SEED, name, number });
    const begun = Date.now();
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
    const took = Date.now() - begun, held = Deno.memoryUsage().rss - begin;
    if (took > PATIENCE) throw new Error(`Mutant ${number} of ${name} (seed ${SEED}) took ${took} ms`);
    if (held > MOST_HEAP) {
      throw new Error(`Mutant ${number} of ${name} (seed ${SEED}) left ${held} bytes held`);
    }
  }
  if (errors.length > 0 && outcomes.refused === 0) {
    throw new Error(`No mutant of ${name} was refused: is any damaged`);
  }
  return outcomes;
}
