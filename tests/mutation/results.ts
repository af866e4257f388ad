/**
 * Results of earlier runs of the mutants.
 *
 * @module
 */
import type { Mutant } from "./sample.ts";
import type { Outcome } from "./trial.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

const root = new URL("../../", import.meta.url);

/** Outcome of a mutant, and the tests that were tried on it. */
interface Result {
  readonly outcome: Outcome;
  /** Hash of the tests. */
  readonly tests: string;
}

/** The mutants that were tried; one line of JSON for each. */
export class Results {
  private constructor(private readonly path: string, private readonly known: Map<string, Result>) {}

  /** Reads the results in `runs/mutants/NAME.jsonl`; `restart` removes them. */
  static async open(name: string, restart: boolean): Promise<Results> {
    const folder = pathOfUrl(new URL("runs/mutants", root)),
      path = `${folder}/${name}.jsonl`;
    await Deno.mkdir(folder, { recursive: true });
    if (restart) await Deno.remove(path).catch(() => {});
    const text = await Deno.readTextFile(path).catch(() => "");
    const lines = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    return new Results(path, new Map(lines.map(({ id, outcome, tests }) => [id, { outcome, tests }])));
  }

  /** Outcome of a mutant; undefined if it was not tried. */
  of({ id }: Mutant): Outcome | undefined {
    return this.known.get(id)?.outcome;
  }

  /** Returns whether a mutant survived these tests, so that trying it on them again is useless. */
  survived({ id }: Mutant, tests: string): boolean {
    const known = this.known.get(id);
    return known?.outcome === "survived" && known.tests === tests;
  }

  /** Records an outcome. */
  async add({ id, file, line }: Mutant, result: Result): Promise<void> {
    this.known.set(id, result);
    await Deno.writeTextFile(this.path, `${JSON.stringify({ id, ...result, file, line })}\n`, {
      append: true,
    });
  }
}
