/**
 * What the server counts, in the text format of Prometheus.
 *
 * @module
 */

/** Prefix of all names. */
const PREFIX = "stagewise_";

/** Upper bounds of the histograms of seconds. */
const BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120] as const;

class Histogram {
  readonly #counts: number[] = Array(BOUNDS.length).fill(0);
  #sum = 0;
  #count = 0;

  add(value: number): void {
    BOUNDS.forEach((bound, i) => this.#counts[i] += Number(value <= bound));
    this.#sum += value;
    this.#count++;
  }

  lines(name: string): readonly string[] {
    return [
      ...BOUNDS.map((bound, i) => `${name}_bucket{le="${bound}"} ${this.#counts[i]}`),
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** Counts of one server. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #first = new Histogram();
  readonly #duration = new Histogram();
  /** Tokens of prompts, those of them that were in a KV cache, and tokens generated. */
  readonly tokens = { prompt: 0, cached: 0, generated: 0 };
  /** Answers whose client left before the end. */
  aborted = 0;

  /** Counts a request by its path and the status of its answer. */
  request(path: string, status: number): void {
    const key = `path="${path}",status="${status}"`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
  }

  /** Adds the seconds until the first part of an answer. */
  firstPart(seconds: number): void {
    this.#first.add(seconds);
  }

  /** Adds the seconds that a whole answer took. */
  answer(seconds: number): void {
    this.#duration.add(seconds);
  }

  /** Returns all counts. `gauges` are values of this moment, with their help texts. */
  text(gauges: readonly (readonly [name: string, help: string, value: number])[]): string {
    const { prompt, cached, generated } = this.tokens;
    const counter = (name: string, help: string, lines: readonly string[]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...lines,
    ];
    const histogram = (name: string, help: string, values: Histogram) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} histogram`,
      ...values.lines(name),
    ];
    const lines = [
      ...counter(
        "requests_total",
        "Requests answered, by path and status.",
        [...this.#requests].map(([key, count]) => `requests_total{${key}} ${count}`),
      ),
      ...counter("prompt_tokens_total", "Tokens of prompts.", [`prompt_tokens_total ${prompt}`]),
      ...counter("cached_tokens_total", "Tokens of prompts that were in a KV cache.", [
        `cached_tokens_total ${cached}`,
      ]),
      ...counter("generated_tokens_total", "Tokens generated.", [`generated_tokens_total ${generated}`]),
      ...counter("aborted_total", "Answers whose client left before the end.", [
        `aborted_total ${this.aborted}`,
      ]),
      ...gauges.flatMap(([name, help, value]) => [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} gauge`,
        `${name} ${value}`,
      ]),
      ...histogram("first_part_seconds", "Seconds until the first part of an answer.", this.#first),
      ...histogram("answer_seconds", "Seconds that a whole answer took.", this.#duration),
    ];
    return lines.map((line) => `${line.replace(/^(# \w+ )?/, `$1${PREFIX}`)}\n`).join("");
  }
}
