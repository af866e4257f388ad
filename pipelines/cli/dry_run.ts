/**
 * The text that --dry-run prints.
 *
 * @module
 */
import type { StepInfo } from "../../stages/flow/flow.ts";
import { flagOf } from "../../stages/report/option_text.ts";
import { painter } from "../../stages/report/terminal_text.ts";
import { valueText } from "./help.ts";
import type { TextStyle } from "./pipeline.ts";
import type { ResolvedOptions } from "./resolve.ts";

/** Returns the stages, every option that acts with the origin of its value, and the plan. */
export function dryRunText(
  { stages, resolved, spared, plan }: {
    /** The stages, or the phases, one line each. */
    readonly stages: readonly string[];
    readonly resolved: ResolvedOptions;
    /** Options that do nothing in this pipeline. */
    readonly spared: ReadonlyMap<string, string>;
    /** Lines of `Pipeline.plan`; null if the pipeline has no plan. */
    readonly plan: readonly string[] | null;
  },
  { color }: TextStyle,
): string {
  const paint = painter(color);
  const lines = [
    paint("bold", "Stages"),
    ...stages.map((line) => `  ${line}`),
    "",
    paint("bold", "Configuration"),
  ];
  const flags = Object.entries(resolved.values).filter(([name]) =>
    name !== "help" && name !== "dryRun" && !spared.has(name)
  );
  const width = Math.max(0, ...flags.map(([name]) => flagOf(name).length));
  for (const [name, value] of flags) {
    const origin = resolved.origin.get(name) ?? "default";
    const from = origin === "default" ? "" : `  (${origin})`;
    lines.push(`  ${flagOf(name).padEnd(width)}  ${value === null ? "–" : valueText(value)}${from}`);
  }
  if (plan !== null) lines.push("", paint("bold", "Plan"), ...plan.map((line) => `  ${line}`));
  return `${lines.join("\n")}\n`;
}

/** Returns the stages of a flow, one line each, branches indented. */
export function graphLines(steps: readonly StepInfo[], indent = ""): string[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case "source":
        return [`${indent}${step.name}`];
      case "stage": {
        const notes = [
          ...(step.ahead > 0 ? [`reads ${step.ahead} ahead`] : []),
          ...(step.takesCheckpoints ? ["takes checkpoints"] : []),
          ...(step.rejects === null ? [] : [`dropped items go to ${step.rejects}`]),
        ];
        return [`${indent}→ ${step.name}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`];
      }
      case "tee":
        return [`${indent}→ also:`, ...graphLines(step.branch, `${indent}    `)];
    }
  });
}
