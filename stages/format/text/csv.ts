/**
 * Comma-separated values: records of fields, some of them in quotes, in which delimiters, line ends and
 * doubled quotes are text. Source: RFC 4180.
 *
 * @module
 */

/** A record and its place. */
export interface CsvRecord {
  /** Values of the fields. */
  readonly fields: readonly string[];
  /** Number of the line on which the record begins, starting at 1. */
  readonly line: number;
}

/** Options of `csvRecords`. */
export interface CsvOptions {
  /** Name of the file for error messages. */
  readonly name: string;
  /** Character between fields. */
  readonly delimiter: string;
  /** Maximum length of a record in characters (default 64 Mi). */
  readonly limit?: number;
}

const QUOTE = 0x22, LINE_END = 0x0A;

/**
 * Splits a text into records. Blank lines are ignored. Throws SyntaxError for a quote that is never closed,
 * and RangeError for a record that is longer than the limit.
 */
export async function* csvRecords(
  chunks: AsyncIterable<string>,
  { name, delimiter, limit = 1 << 26 }: CsvOptions,
): AsyncGenerator<CsvRecord> {
  const between = delimiter.charCodeAt(0);
  let fields: string[] = [], field = "", length = 0;
  let line = 1, first = 1; // the current line, and the one on which the record begins
  let mode: "start" | "plain" | "quoted" | "closed" = "start"; // closed: after a quote that may be doubled
  const take = (text: string): void => {
    field += text;
    length += text.length;
    if (length <= limit) return;
    throw new RangeError(
      `Cannot read the record on line ${first} of ${name}: it is longer than ${limit} characters: is a quote missing?`,
    );
  };
  for await (const text of withoutSplitLineEnds(chunks)) {
    let begin = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === LINE_END) line++;
      if (mode === "quoted") {
        if (unit !== QUOTE) continue;
        take(text.slice(begin, i));
        mode = "closed";
        continue;
      }
      if (mode === "closed") {
        begin = i;
        mode = unit === QUOTE ? "quoted" : "plain"; // the second of a doubled quote is text
        if (mode === "quoted") continue;
      }
      if (unit === QUOTE && mode === "start") {
        mode = "quoted";
        begin = i + 1;
      } else if (unit === between || unit === LINE_END) {
        const end = unit === LINE_END && text[i - 1] === "\r" && i > begin ? i - 1 : i;
        take(text.slice(begin, end));
        const isBlank = fields.length === 0 && field === "" && unit === LINE_END;
        fields.push(field);
        field = "";
        begin = i + 1;
        mode = "start";
        if (unit === between) continue;
        if (!isBlank) yield { fields, line: first };
        fields = [];
        length = 0;
        first = line;
      } else mode = "plain";
    }
    if (mode !== "closed") take(text.slice(begin));
  }
  if (mode === "quoted") {
    throw new SyntaxError(
      `Cannot read the record on line ${first} of ${name}: a quote is not closed: correct the file`,
    );
  }
  if (fields.length > 0 || field !== "") yield { fields: [...fields, field], line: first };
}

/** The same text, in which no chunk ends between the two characters of a line end. */
async function* withoutSplitLineEnds(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let held = "";
  for await (const chunk of chunks) {
    const text = held + chunk;
    held = text.endsWith("\r") ? "\r" : "";
    yield held === "" ? text : text.slice(0, -1);
  }
  if (held !== "") yield held;
}
