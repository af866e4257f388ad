/**
 * A copy of the project in which tests run on mutants.
 *
 * @module
 */
import { pathOfUrl } from "../../stages/disk/paths.ts";

const root = new URL("../../", import.meta.url);

/** What a run of tests came to. At a deadline, the tests and all processes that they started are ended. */
export type TestOutcome = "passed" | "failed" | "deadline";

/** How tests are run. */
export interface TestRun {
  /** Time limit in milliseconds. */
  readonly deadline: number;
  /** Folder for coverage profiles; none are written if it is absent. */
  readonly coverage?: string;
}

/** A copy of the project, removed when disposed. */
export class ProjectCopy implements AsyncDisposable {
  readonly #folder: string;
  /** The copy's root. */
  readonly root: URL;

  private constructor(folder: string) {
    this.#folder = folder;
    this.root = new URL(`file://${folder}/project/`);
  }

  /** Copies the files that git lists; `../shared`, which some tests read, is linked. */
  static async open(): Promise<ProjectCopy> {
    const folder = await Deno.makeTempDir({ prefix: "mutants-" });
    const copy = new ProjectCopy(folder);
    for (const file of await listedFiles()) {
      const target = new URL(file, copy.root);
      await Deno.mkdir(new URL("./", target), { recursive: true });
      await Deno.copyFile(new URL(file, root), target);
    }
    await Deno.symlink(pathOfUrl(new URL("../shared", root)), `${folder}/shared`);
    return copy;
  }

  /** Runs test files in one process, in this order, until a test fails. */
  async test(files: readonly string[], { deadline, coverage }: TestRun): Promise<TestOutcome> {
    const module = `${this.#folder}/mutant_test.ts`, temporary = `${this.#folder}/temporary`;
    await Deno.writeTextFile(
      module,
      files.map((file) => `import "${new URL(file, this.root).href}";\n`).join(""),
    );
    await Deno.mkdir(temporary, { recursive: true });
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ..."test --quiet --no-check --allow-all --fail-fast --lock=deno.lock --frozen --config=deno.json"
          .split(" "),
        "--v8-flags=--max-old-space-size=2048", // a mutant's endless loop fails before it fills the memory
        ...(coverage === undefined ? [] : [`--coverage=${coverage}`, "--coverage-raw-data-only"]),
        module,
      ],
      cwd: pathOfUrl(this.root),
      env: { TMPDIR: temporary }, // so that what tests leave behind at a deadline is removed
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
    await Deno.remove(temporary, { recursive: true }).catch(() => {}); // a killed test may leave a mount
    return late ? "deadline" : success ? "passed" : "failed";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
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
