/**
 * What each test file does without a mutant: how long it takes, and which lines it runs. A mutant is tried
 * only on the tests that run its line, so most mutants cost a few seconds.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { testPaths } from "../test_sets.ts";
import { ProjectCopy } from "./copy.ts";
import { Imports } from "./imports.ts";
import { mutatedFolders } from "./sample.ts";

const root = new URL("../../", import.meta.url);
const cache = new URL("runs/mutants/baselines.json", root);

/** A test file, and how long its tests take, with coverage. */
export interface MeasuredTest {
  readonly file: string;
  readonly milliseconds: number;
}

/** A line of a file; null stands for all lines. */
export interface Line {
  readonly file: string;
  readonly line: number | null;
}

/** Baseline of one test file. */
interface Baseline {
  readonly hash: string;
  readonly milliseconds: number;
  /** The files of the mutated folders that the test loads: their hashes, and the lines that are run. */
  readonly loaded: Readonly<Record<string, { readonly hash: string; readonly lines: readonly number[] }>>;
}

/**
 * Measures baselines in an unchanged copy of the project, one at a time, and keeps them in
 * `runs/mutants/baselines.json`. A baseline is measured again when the tests or the mutated file have
 * changed.
 */
export class Baselines implements AsyncDisposable {
  readonly #copy: ProjectCopy;
  readonly #imports: Imports;
  readonly #all: readonly string[];
  readonly #known: Map<string, Baseline>;
  readonly #failing = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(copy: ProjectCopy, tests: readonly string[], known: Map<string, Baseline>) {
    [this.#copy, this.#all, this.#known] = [copy, tests, known];
    this.#imports = new Imports(copy.root);
  }

  /** Copies the project, and reads the baselines of earlier runs. */
  static async open(): Promise<Baselines> {
    const copy = await ProjectCopy.open();
    const { files } = await testPaths(copy.root, { set: "every", paths: ["tests"] });
    const text = await Deno.readTextFile(cache).catch(() => "{}");
    return new Baselines(copy, files, new Map(Object.entries<Baseline>(JSON.parse(text))));
  }

  /**
   * The tests that may notice a mutant of a file: the test of the same name, those beside it, and the others
   * of the mutated folders. A test elsewhere counts only if it has the file's name.
   */
  async candidates(file: string): Promise<readonly (readonly string[])[]> {
    const name = `${basename(file, ".ts")}_test.ts`, folder = `tests/${dirname(file)}/`;
    const parts: [named: string[], beside: string[], others: string[]] = [[], [], []];
    for (const test of this.#all) {
      const isNamed = basename(test) === name;
      if (!isNamed && !mutatedFolders.some((folder) => test.startsWith(`tests/${folder}/`))) continue;
      if (!(await this.#imports.closure(test)).has(file)) continue;
      parts[isNamed ? 0 : test.startsWith(folder) ? 1 : 2].push(test);
    }
    return parts;
  }

  /** The tests that run a line, the fastest first. Leaves out a test that fails without a mutant. */
  async covering(tests: readonly string[], { file, line }: Line): Promise<readonly MeasuredTest[]> {
    const covering: MeasuredTest[] = [];
    for (const test of tests) {
      const baseline = await this.#baseline(test, file);
      if (baseline === null || line !== null && !baseline.loaded[file].lines.includes(line)) continue;
      covering.push({ file: test, milliseconds: baseline.milliseconds });
    }
    return covering.sort((a, b) => a.milliseconds - b.milliseconds);
  }

  /** Hash of tests and of the files in `tests/` that they load. */
  async hashOf(tests: readonly string[]): Promise<string> {
    const files = new Set<string>();
    for (const test of tests) for (const file of await this.#imports.closure(test)) files.add(file);
    return await this.#hash([...files].filter(isTest));
  }

  /** Runs tests without a mutant. Returns how long they take, in milliseconds; Infinity past the deadline. */
  time(files: readonly string[], deadline: number): Promise<number> {
    return this.#inTurn(async () => {
      const began = performance.now();
      const outcome = await this.#copy.test(files, { deadline });
      return outcome === "deadline" ? Infinity : performance.now() - began;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#copy[Symbol.asyncDispose]();
  }

  #baseline(test: string, file: string): Promise<Baseline | null> {
    return this.#inTurn(async () => {
      if (this.#failing.has(test)) return null;
      const hash = await this.hashOf([test]);
      const known = this.#known.get(test);
      if (known?.hash === hash && known.loaded[file]?.hash === await this.#hash([file])) return known;
      // A second try, because a busy machine may fail a test.
      const measurement = await this.#measure(test) ?? await this.#measure(test);
      if (measurement === null) {
        console.log(`left out ${test}: it fails without a mutant`);
        this.#failing.add(test);
        return null;
      }
      const measured = { hash, ...measurement };
      this.#known.set(test, measured);
      await Deno.writeTextFile(cache, JSON.stringify(Object.fromEntries(this.#known)));
      return measured;
    });
  }

  /** Runs a test file with coverage. Returns null if it fails. */
  async #measure(test: string): Promise<Omit<Baseline, "hash"> | null> {
    const coverage = await Deno.makeTempDir();
    try {
      const began = performance.now();
      const outcome = await this.#copy.test([test], { deadline: 600_000, coverage });
      const milliseconds = Math.round(performance.now() - began);
      if (outcome !== "passed") return null;
      console.log(`baseline ${test} (${Math.round(milliseconds / 1000)} s)`);
      const lines = linesRun(await lcov(coverage, this.#copy.root)), loaded: Record<string, Loaded> = {};
      for (const file of await this.#imports.closure(test)) {
        if (!mutatedFolders.some((folder) => file.startsWith(`${folder}/`))) continue;
        const path = pathOfUrl(new URL(file, this.#copy.root));
        loaded[file] = { hash: await this.#hash([file]), lines: lines.get(path) ?? [] };
      }
      return { milliseconds, loaded };
    } finally {
      await Deno.remove(coverage, { recursive: true });
    }
  }

  async #hash(files: readonly string[]): Promise<string> {
    const hash = createHash("sha256");
    for (const file of files) {
      hash.update(await Deno.readFile(new URL(file, this.#copy.root)).catch(() => ""));
    }
    return hash.digest("hex").slice(0, 16);
  }

  /** Calls `work` after all earlier calls have ended. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

type Loaded = Baseline["loaded"][string];

const isTest = (file: string): boolean => file.startsWith("tests/");

async function lcov(coverage: string, project: URL): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["coverage", "--quiet", "--lcov", coverage],
    cwd: pathOfUrl(project),
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}

/** The lines of each file that were run, from a report in lcov's format. */
export function linesRun(report: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  let lines: number[] = [];
  for (const entry of report.split("\n")) {
    if (entry.startsWith("SF:")) found.set(entry.slice(3).trim(), lines = []);
    const [, line, count] = /^DA:(\d+),(\d+)/.exec(entry) ?? [];
    if (Number(count) > 0) lines.push(Number(line));
  }
  return found;
}
