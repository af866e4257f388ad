/**
 * Runs tests on mutants, in a copy of the project.
 *
 * @module
 */
import { dirname } from "node:path";
import { testPaths } from "../test_sets.ts";
import { mutated } from "./operators.ts";
import type { Mutant } from "./sample.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

const root = new URL("../../", import.meta.url);

/** What the tests made of a mutant. A deadline counts as noticed: the mutant never ends. */
export type Outcome = "killed" | "deadline" | "survived";

/** A copy of the project in which one file at a time is mutated; removed when disposed. */
export class Trial implements AsyncDisposable {
  readonly #folder: string;
  readonly #copy: URL;
  readonly #deadlines = new Map<string, number>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#copy = new URL(`file://${folder}/project/`);
  }

  /** Copies the files that git lists; `../shared`, which some tests read, is linked. */
  static async open(): Promise<Trial> {
    const folder = await Deno.makeTempDir({ prefix: "mutants-" });
    const trial = new Trial(folder);
    for (const file of await listedFiles()) {
      const target = new URL(file, trial.#copy);
      await Deno.mkdir(new URL("./", target), { recursive: true });
      await Deno.copyFile(new URL(file, root), target);
    }
    const shared = pathOfUrl(new URL("../shared", root));
    await Deno.symlink(shared, `${folder}/shared`);
    return trial;
  }

  /**
   * Runs the tests that load the mutated file, first those beside it, until one fails.
   * Throws Error if these tests fail without the mutant.
   */
  async run(mutant: Mutant): Promise<Outcome> {
    const groups = await testsOf(this.#copy, mutant.file);
    for (const [name, files] of groups) await this.#baseline(name, files);
    const path = new URL(mutant.file, this.#copy),
      source = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, mutated(source, mutant));
    try {
      for (const [name, files] of groups) {
        const outcome = await this.#test(files, this.#deadlines.get(name) ?? 0);
        if (outcome !== "survived") return outcome;
      }
      return "survived";
    } finally {
      await Deno.writeTextFile(path, source);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Sets the deadline of a group of tests: five times what they take, and half a minute. */
  async #baseline(name: string, files: readonly string[]): Promise<void> {
    if (this.#deadlines.has(name)) return;
    const began = performance.now();
    const outcome = await this.#test(files, 600_000);
    if (outcome !== "survived") {
      throw new Error(`The tests of ${name} fail without a mutant: repair them first`);
    }
    this.#deadlines.set(name, 5 * (performance.now() - began) + 30_000);
  }

  /** Runs test files in one process. `deadline` is in milliseconds. */
  async #test(files: readonly string[], deadline: number): Promise<Outcome> {
    if (files.length === 0) return "survived";
    const module = `${this.#folder}/mutant_test.ts`;
    await Deno.writeTextFile(
      module,
      files.map((file) => `import "${new URL(file, this.#copy).href}";\n`).join(""),
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ..."test --quiet --no-check --allow-all --fail-fast --lock=deno.lock --frozen --config=deno.json"
          .split(" "),
        module,
      ],
      cwd: pathOfUrl(this.#copy),
      stdout: "null",
      stderr: "null",
      detached: true, // so that the processes that tests start can be ended with them
    }).spawn();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, deadline);
    const { success } = await child.status;
    clearTimeout(timer);
    if (!late) endGroup(child.pid);
    return late ? "deadline" : success ? "survived" : "killed";
  }
}

/**
 * The tests that load a file: first those beside the file's mirror, then the others of its layer's folder.
 * The name of a group of tests depends on its files.
 */
async function testsOf(copy: URL, file: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const near = `tests/${dirname(file)}/`, layer = `tests/${file.split("/").slice(0, 2).join("/")}`;
  const { files } = await testPaths(copy, { set: "every", paths: [layer] });
  const loading: string[] = [];
  for (const test of files) if ((await filesLoadedBy(copy, test)).has(file)) loading.push(test);
  const beside = loading.filter((test) => test.startsWith(near));
  const groups = [beside, loading.filter((test) => !beside.includes(test))];
  return new Map(groups.map((group) => [group.join(" "), group]));
}

/** The files that a module names, directly or through others, by a relative path. */
async function filesLoadedBy(copy: URL, module: string): Promise<ReadonlySet<string>> {
  const found = new Set([module]);
  for (const file of found) {
    const source = await Deno.readTextFile(new URL(file, copy)).catch(() => "");
    for (const [, path] of source.matchAll(/"(\.\.?\/[^"]+\.ts)"/g)) {
      found.add(new URL(path, new URL(file, copy)).href.slice(copy.href.length));
    }
  }
  return found;
}

async function listedFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard"],
    cwd: pathOfUrl(root),
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((name) => name !== "");
}

/** Ends a process and all that it has started. */
function endGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}
