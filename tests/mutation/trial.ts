/**
 * Runs tests on mutants.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Baselines, CoveringTest } from "./baseline.ts";
import { ProjectCopy } from "./copy.ts";
import { mutated } from "./operators.ts";
import type { Mutant } from "./sample.ts";

const FAST = 10_000; // milliseconds of the tests that are tried first, in one process

/** What the tests made of a mutant. A deadline counts as noticed: the mutant never ends. */
export type Outcome = "killed" | "deadline" | "survived";

/** The tests that are tried on a mutant, the fastest first, and a hash of all of them. */
export interface TestChoice {
  readonly tests: readonly CoveringTest[];
  readonly hash: string;
}

/** Chooses the tests that run the mutated line. Throws Error if one of them fails without a mutant. */
export async function testsFor({ file, line }: Mutant, baselines: Baselines): Promise<TestChoice> {
  const tests = await baselines.covering(file, line);
  const names = tests.map(({ file, hash }) => `${file} ${hash}`).sort().join("\n");
  return { tests, hash: createHash("sha256").update(names).digest("hex").slice(0, 16) };
}

/** A copy of the project in which one file at a time is mutated; removed when disposed. */
export class Trial implements AsyncDisposable {
  private constructor(private readonly copy: ProjectCopy, private readonly baselines: Baselines) {}

  /** Copies the project. */
  static async open(baselines: Baselines): Promise<Trial> {
    return new Trial(await ProjectCopy.open(), baselines);
  }

  /** Runs the tests, first the fast ones, until one fails. */
  async run(mutant: Mutant, tests: readonly CoveringTest[]): Promise<Outcome> {
    const path = new URL(mutant.file, this.copy.root), source = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, mutated(source, mutant));
    try {
      for (const group of inGroups(tests)) {
        const outcome = await this.#test(group);
        if (outcome !== "survived") return outcome;
      }
      return "survived";
    } finally {
      await Deno.writeTextFile(path, source);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.copy[Symbol.asyncDispose]();
  }

  /**
   * Runs tests with a deadline of twice the baseline and 20 seconds. At the deadline, the unchanged tests
   * tell whether the mutant or the machine is slow; on a slow machine the deadline grows.
   */
  async #test(tests: readonly CoveringTest[]): Promise<Outcome> {
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
export function inGroups(tests: readonly CoveringTest[]): (readonly CoveringTest[])[] {
  let sum = 0;
  const fast = tests.filter(({ milliseconds }) => (sum += milliseconds) <= FAST);
  return [fast, tests.slice(fast.length)].filter((group) => group.length > 0);
}

function total(tests: readonly CoveringTest[]): number {
  return tests.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}
