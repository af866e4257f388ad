/**
 * Results of earlier runs of the mutants.
 *
 * @module
 */
import type { Mutant } from "./sample.ts";
import type { Outcome } from "./trial.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

const root = new URL("../../", import.meta.url);

/** The mutants that tests have killed; one line of JSON for each. */
export class Results {
  private constructor(private readonly path: string, private readonly killed: Map<string, Outcome>) {}

  /** Reads the results in `runs/mutants/NAME.jsonl`; `restart` removes them. */
  static async open(name: string, restart: boolean): Promise<Results> {
    const folder = pathOfUrl(new URL("runs/mutants", root)),
      path = `${folder}/${name}.jsonl`;
    await Deno.mkdir(folder, { recursive: true });
    if (restart) await Deno.remove(path).catch(() => {});
    const text = await Deno.readTextFile(path).catch(() => "");
    const lines = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    return new Results(path, new Map(lines.map(({ id, outcome }) => [id, outcome])));
  }

  /** How a mutant was killed; undefined if it was not. */
  of({ id }: Mutant): Outcome | undefined {
    return this.killed.get(id);
  }

  /** Records that a mutant was killed. One that survived is not recorded, so that it is tried again. */
  async add({ id, file, line }: Mutant, outcome: Outcome): Promise<void> {
    if (outcome === "survived") return;
    this.killed.set(id, outcome);
    await Deno.writeTextFile(this.path, `${JSON.stringify({ id, outcome, file, line })}\n`, { append: true });
  }
}
