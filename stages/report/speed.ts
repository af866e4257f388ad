/**
 * The throughput of a data run in documents and megabytes per second: in total and per core.
 *
 * @module
 */
/** The amount of input that the source read, and the time and number of cores that the run used. */
export interface SourceThroughput {
  readonly documents: number;
  /** Number of UTF-16 units of the text, or of the HTML if the documents are web pages. */
  readonly characters: number;
  readonly seconds: number;
  readonly cores: number;
}

/**
 * Returns a line with the throughput of a run and per core; null if it cannot be measured. A megabyte is a
 * million characters of input.
 */
export function speedLine({ documents, characters, seconds, cores }: SourceThroughput): string | null {
  if (documents === 0 || seconds <= 0) return null;
  const coreSeconds = seconds * cores;
  const on = cores === 1 ? "1 core" : `${cores} cores`;
  return `Speed:      ${rate(documents, seconds)} documents and ${
    rate(characters / 1e6, seconds)
  } MB per second on ${on}; per core ${rate(documents, coreSeconds)} and ${
    rate(characters / 1e6, coreSeconds)
  } MB`;
}

function rate(amount: number, seconds: number): string {
  const each = amount / seconds;
  const digits = each >= 100 ? 0 : each >= 10 ? 1 : 2;
  return each.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
