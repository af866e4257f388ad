/**
 * What each test file does without a mutant: how long it takes, and which lines it runs. A mutant is tried
 * only on the tests that run its line, so most mutants cost a few seconds.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { pathOfUrl } from "../../stages/disk/paths.ts";
import { testPaths } from "../test_sets.ts";
import { ProjectCopy } from "./copy.ts";
import { Imports } from "./imports.ts";
import { mutatedFolders } from "./sample.ts";

const root = new URL("../../", import.meta.url);
const cache = new URL("runs/mutants/baselines.json", root);

/** A test file that runs a line. */
export interface CoveringTest {
  readonly file: string;
  /** How long the file's tests take, with coverage, in milliseconds. */
  readonly milliseconds: number;
  /** Hash of the test file and of the files in `tests/` that it loads. */
  readonly hash: string;
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
   * The tests that run a line, the fastest first. If coverage finds none, these are all tests of the
   * file: a process that a test starts leaves no coverage. Throws Error if a test fails without a mutant.
   */
  async covering(file: string, line: number): Promise<readonly CoveringTest[]> {
    const loading: (CoveringTest & { readonly lines: readonly number[] })[] = [];
    for (const test of this.#all) {
      if (!await this.#tests(test, file)) continue;
      const { hash, milliseconds, loaded } = await this.#baseline(test, file);
      loading.push({ file: test, hash, milliseconds, lines: loaded[file].lines });
    }
    const covering = loading.filter(({ lines }) => lines.includes(line));
    return (covering.length > 0 ? covering : loading).sort((a, b) => a.milliseconds - b.milliseconds);
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

  /** Whether a test loads the file, and is a test of the mutated folders or has the file's name. */
  async #tests(test: string, file: string): Promise<boolean> {
    const near = mutatedFolders.some((folder) => test.startsWith(`tests/${folder}/`));
    if (!near && basename(test) !== basename(file, ".ts") + "_test.ts") return false;
    return (await this.#imports.closure(test)).has(file);
  }

  #baseline(test: string, file: string): Promise<Baseline> {
    return this.#inTurn(async () => {
      const hash = await this.#hash([...await this.#imports.closure(test)].filter(isTest));
      const known = this.#known.get(test);
      if (known?.hash === hash && known.loaded[file]?.hash === await this.#hash([file])) return known;
      const measured = { hash, ...await this.#measure(test) };
      this.#known.set(test, measured);
      await Deno.writeTextFile(cache, JSON.stringify(Object.fromEntries(this.#known)));
      return measured;
    });
  }

  async #measure(test: string): Promise<Omit<Baseline, "hash">> {
    const coverage = await Deno.makeTempDir();
    try {
      const began = performance.now();
      const outcome = await this.#copy.test([test], { deadline: 600_000, coverage });
      const milliseconds = Math.round(performance.now() - began);
      if (outcome !== "passed") {
        throw new Error(`The tests of ${test} fail without a mutant (${outcome}): repair them first`);
      }
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
