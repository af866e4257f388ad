/**
 * The command line of a phase: its own words, its folder, and the options of every pipeline that the whole
 * run was given.
 *
 * @module
 */
import { flagOf } from "../../../stages/report/option_text.ts";
import type { Options, Phase, Pipeline, SparedOption } from "../pipeline.ts";
import type { PreparedRun } from "../prepare.ts";

/** Options that a phase takes over from the whole run. */
const shared = [
  "seed",
  "device",
  "workers",
  "blas",
  "tune",
  "events",
  "quiet",
  "json",
  "color",
  "logEvery",
  "trace",
] as const;

/** Returns the words after the name of the phase's pipeline. */
export function phaseArguments(
  { name, args }: Phase,
  { run: { resolved: { values, origin }, decision: { out } }, pipeline: { spares = [] } }: {
    readonly run: PreparedRun;
    readonly pipeline: Pipeline<Options>;
  },
): readonly string[] {
  const spared: ReadonlySet<string> = new Set<SparedOption>(spares);
  const given = shared.filter((option) =>
    !spared.has(option) && (origin.get(option) ?? "default") !== "default" &&
    (values[option] ?? null) !== null
  );
  return [
    ...args,
    ...given.map((option) => `--${flagOf(option)}=${values[option]}`),
    "--out",
    `${out}/${name}`,
  ];
}
