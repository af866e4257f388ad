/**
 * Runs tests on mutants.
 *
 * @module
 */
import type { Baselines, MeasuredTest } from "./baseline.ts";
import { ProjectCopy } from "./copy.ts";
import { mutated } from "./operators.ts";
import type { Mutant } from "./sample.ts";

const FAST = 10_000; // milliseconds of the tests that are tried first, in one process

/** What the tests made of a mutant. A deadline counts as noticed: the mutant never ends. */
export type Outcome = "killed" | "deadline" | "survived";

/** A copy of the project in which one file at a time is mutated; removed when disposed. */
export class Trial implements AsyncDisposable {
  private constructor(private readonly copy: ProjectCopy, private readonly baselines: Baselines) {}

  /** Copies the project. */
  static async open(baselines: Baselines): Promise<Trial> {
    return new Trial(await ProjectCopy.open(), baselines);
  }

  /**
   * Runs the tests that run the mutated line until one fails: the nearest to the file first, and of those the
   * fast ones before the others. Then the other tests beside the file, since a process that a test starts
   * leaves no coverage; if coverage finds no test at all, those of other folders too.
   */
  async run(mutant: Mutant): Promise<Outcome> {
    const path = new URL(mutant.file, this.copy.root), source = await Deno.readTextFile(path);
    const parts = await this.baselines.candidates(mutant.file);
    await Deno.writeTextFile(path, mutated(source, mutant));
    try {
      const tried = new Set<string>();
      const tryAll = async (part: readonly string[], line: number | null): Promise<Outcome> => {
        const tests = (await this.baselines.covering(part, { file: mutant.file, line }))
          .filter(({ file }) => !tried.has(file));
        for (const { file } of tests) tried.add(file);
        return await this.#runAll(tests);
      };
      for (const part of parts) {
        const outcome = await tryAll(part, mutant.line);
        if (outcome !== "survived") return outcome;
      }
      for (const part of tried.size === 0 ? parts : parts.slice(0, 2)) {
        const outcome = await tryAll(part, null);
        if (outcome !== "survived") return outcome;
      }
      return "survived";
    } finally {
      await Deno.writeTextFile(path, source);
    }
  }

  async #runAll(tests: readonly MeasuredTest[]): Promise<Outcome> {
    for (const group of inGroups(tests)) {
      const outcome = await this.#test(group);
      if (outcome !== "survived") return outcome;
    }
    return "survived";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.copy[Symbol.asyncDispose]();
  }

  /**
   * Runs tests with a deadline of twice the baseline and 20 seconds. At the deadline, the unchanged tests
   * tell whether the mutant or the machine is slow; on a slow machine the deadline grows.
   */
  async #test(tests: readonly MeasuredTest[]): Promise<Outcome> {
    const files = tests.map(({ file }) => file);
    for (let deadline = 2 * total(tests) + 20_000;;) {
      const outcome = await this.copy.test(files, { deadline });
      if (outcome !== "deadline") return outcome === "passed" ? "survived" : "killed";
      const unchanged = await this.baselines.time(files, deadline);
      if (unchanged < deadline / 2) return "deadline";
      deadline *= 3;
    }
  }
}

/** The fast tests, and all others: tests of one group share a process, which takes a second to start. */
export function inGroups(tests: readonly MeasuredTest[]): (readonly MeasuredTest[])[] {
  let sum = 0;
  const fast = tests.filter(({ milliseconds }) => (sum += milliseconds) <= FAST);
  return [fast, tests.slice(fast.length)].filter((group) => group.length > 0);
}

function total(tests: readonly MeasuredTest[]): number {
  return tests.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}
