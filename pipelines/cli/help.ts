/**
 * What --help, --dry-run and the bare command print.
 *
 * @module
 */
import { leastLimits } from "../../kernels/core/gpu.ts";
import { painter, truncate } from "../../stages/report/block.ts";
import { bytes, count, time } from "../../stages/report/quantity.ts";
import type { PlanCost, ProgramCost } from "../../stages/model/plan_cost.ts";
import type { StepInfo } from "../../stages/flow/flow.ts";
import { flagOf } from "./command_line.ts";
import type { Fitting } from "../parts/max_batch_size.ts";
import type { Option, Options, Plan, SourcePlan } from "./pipeline.ts";
import { presets } from "../parts/presets.ts";
import type { Resolved } from "./resolve.ts";

/** How wide, and whether in colour. */
export interface Look {
  readonly columns: number;
  readonly color: boolean;
}

/** The pipelines, one line each. */
export function listText(
  pipelines: readonly { readonly name: string; readonly about: string }[],
  { command, columns, color }: Look & { readonly command: string },
): string {
  const paint = painter(color);
  const width = Math.max(0, ...pipelines.map(({ name }) => name.length));
  const lines = pipelines.map(({ name, about }) =>
    `  ${paint("bold", name.padEnd(width))}  ${truncate(about, Math.max(20, columns - width - 4))}`
  );
  return [
    "Pipelines:",
    ...lines,
    "",
    `Run one:      ${command} NAME [--option value]…`,
    `Its options:  ${command} NAME --help`,
    "",
    "On the CPU, instead of deno task pipeline:",
    "  deno task native …  the system's BLAS multiplies matrices: may call native code",
    "  deno task fast …    WASM kernels of 256 bits, by flags of V8: out of bounds, WASM is no longer stopped",
    "",
  ].join("\n");
}

/** A pipeline's options in groups, each with the value that it has here if nothing is typed. */
export function helpText(
  pipeline: { readonly name: string; readonly about: string; readonly options: Options },
  resolved: Resolved,
  { command, columns, color }: Look & { readonly command: string },
): string {
  const paint = painter(color);
  const groups = new Map<string, [string, Option<unknown>][]>();
  for (const [name, option] of Object.entries(pipeline.options)) {
    const group = option.group ?? "Options";
    groups.set(group, [...groups.get(group) ?? [], [name, option]]);
  }
  const run = groups.get("Run") ?? [];
  groups.delete("Run");
  groups.set("Run", run); // last: the same for all
  const lines = [
    `${command} ${pipeline.name} [--option value]…`,
    ...wrapped(capital(pipeline.about), { indent: 0, columns }),
  ];
  for (const [group, options] of groups) {
    if (options.length === 0) continue;
    lines.push("", paint("bold", group));
    for (const [name, option] of options) {
      const typed = option.flag === true
        ? option.value === true ? `--no-${flagOf(name)}` : `--${flagOf(name)}`
        : `--${flagOf(name)} ${option.placeholder ?? "VALUE"}`;
      const value = resolved.values[name];
      const isPlain = option.flag === true || value === null || value === "" ||
        Array.isArray(value) && value.length === 0;
      const note = isPlain ? "" : ` [${valueText(value)}]`;
      const text = wrapped(option.about + note, { indent: 30, columns });
      const head = `  ${typed}`;
      if (head.length <= 28) lines.push(head.padEnd(30) + (text.shift() ?? "").trimStart(), ...text);
      else lines.push(head, ...text);
    }
  }
  if (resolved.preset !== null) {
    const { name, why } = resolved.preset;
    lines.push("", paint("bold", "Presets"));
    for (const [key, preset] of Object.entries(presets)) {
      const mark = key === name ? ` (here: ${why})` : "";
      lines.push(`  ${key.padEnd(28)}${preset.about}${mark}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The stage graph, the configuration with where each value comes from, and what it will take. */
export function dryRunText(
  { graph, resolved, plan }: {
    readonly graph: readonly StepInfo[];
    readonly resolved: Resolved;
    readonly plan: Plan | null;
  },
  { color }: Look,
): string {
  const paint = painter(color);
  const lines = [paint("bold", "Stages"), ...graphLines(graph, "  "), "", paint("bold", "Configuration")];
  const flags = Object.entries(resolved.values).filter(([name]) => name !== "help" && name !== "dryRun");
  const width = Math.max(0, ...flags.map(([name]) => flagOf(name).length));
  for (const [name, value] of flags) {
    const origin = resolved.origin.get(name) ?? "default";
    const from = origin === "default" ? "" : `  (${origin})`;
    lines.push(`  ${flagOf(name).padEnd(width)}  ${value === null ? "–" : valueText(value)}${from}`);
  }
  if (plan !== null) {
    lines.push("", paint("bold", "Plan"));
    if (plan.parameterCount !== undefined) {
      lines.push(`  parameters       ${plan.parameterCount.toLocaleString("en-US")}`);
    }
    if (plan.tokensPerStep !== undefined) lines.push(`  tokens a step    ${count(plan.tokensPerStep)}`);
    if (plan.flopsPerStep !== undefined) lines.push(`  FLOPs a step     ${count(plan.flopsPerStep)}`);
    lines.push(...lengthLines(plan));
    const memory = Object.entries(plan.memory ?? {});
    if (memory.length > 0) {
      const total = memory.reduce((sum, [, size]) => sum + size, 0);
      lines.push(`  memory           ${bytes(total)}`);
      for (const [kind, size] of memory) lines.push(`    ${kind.padEnd(15)}${bytes(size)}`);
    }
    if (plan.source !== undefined) lines.push(...sourceLines(plan.source));
    if (plan.fitting !== undefined) lines.push(...fittingLines(plan.fitting));
    if (plan.cost !== undefined) lines.push(...costLines(plan.cost));
  }
  return `${lines.join("\n")}\n`;
}

/** What is read, and by whom. */
function sourceLines({ files, bytes: size, workers, ranks }: SourcePlan): string[] {
  const shares = ranks.length === 1 ? [] : [
    `  ranks            ${ranks.length}`,
    ...ranks.map(({ parts, bytes: size }, rank) =>
      `    ${String(rank).padEnd(15)}${bytes(size)} in ${parts} ${parts === 1 ? "part" : "parts"}`
    ),
  ];
  return [
    `  files            ${files.toLocaleString("en-US")}`,
    `  bytes            ${bytes(size)}`,
    `  workers          ${workers}`,
    ...shares,
  ];
}

/** What batch fits: memory across, modes down. */
function fittingLines({ budgets, rows }: Fitting): string[] {
  const row = (name: string, cells: readonly string[]) =>
    `    ${name.padEnd(15)}${cells.map((cell) => cell.padStart(8)).join("")}`;
  return [
    "  largest --batch-size (a power of two) by memory",
    row("--recompute", budgets.map((budget) => `${budget / 2 ** 30} GiB`)),
    ...rows.map(({ recompute, batchSizes }) => row(recompute, batchSizes.map((n) => n?.toString() ?? "-"))),
  ];
}

/** What a GPU is asked for: a step's counts, then each program's. */
function costLines({ step, programs, pipelines, largest }: PlanCost): string[] {
  const least = leastLimits.maxStorageBufferBindingSize;
  const row = (name: string, { dispatches, read, written }: ProgramCost) =>
    `    ${name.padEnd(15)}${count(dispatches).padStart(10)}${bytes(read).padStart(12)}${
      bytes(written).padStart(12)
    }`;
  return [
    "  on a GPU",
    `    submits         ${step.submits} a step`,
    `    read-backs      ${
      step.readBacks > 0 ? `one in ${Math.round(1 / step.readBacks)} steps, in Deno each a wait` : "none"
    }`,
    `    pipelines       ${pipelines}`,
    ...(largest === null ? [] : [
      `    largest tensor  ${bytes(largest.bytes)}: ${largest.label}: ${
        largest.bytes <= least ? "every GPU binds it" : `some GPUs bind no more than ${bytes(least)}`
      }`,
    ]),
    `    ${"".padEnd(15)}${"dispatches".padStart(10)}${"read".padStart(12)}${"written".padStart(12)}`,
    ...(step.submits > 0 ? [row("step", step)] : []),
    ...programs.map((program) => row(program.name, program)),
  ];
}

/** One line a stage, branches indented. */
export function graphLines(steps: readonly StepInfo[], indent: string): string[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case "source":
        return [`${indent}${step.name}`];
      case "stage": {
        const notes = [
          ...(step.ahead > 0 ? [`reads ${step.ahead} ahead`] : []),
          ...(step.cuts ? ["checkpoints stand here"] : []),
          ...(step.rejects === null ? [] : [`what it drops goes to ${step.rejects}`]),
        ];
        return [`${indent}→ ${step.name}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`];
      }
      case "tee":
        return [`${indent}→ also:`, ...graphLines(step.branch, `${indent}    `)];
    }
  });
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function wrapped(text: string, { indent, columns }: { indent: number; columns: number }): string[] {
  const room = Math.max(24, columns - indent - 1);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((l) => " ".repeat(indent) + l);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How long a run is: its tokens, and what they take at several speeds, since no speed is known before it runs. */
function lengthLines({ steps = null, tokensPerStep = 0, flopsPerStep = 0 }: Plan): string[] {
  if (steps === null) return [];
  const tokens = steps * tokensPerStep;
  const at = [1e3, 1e4, 1e5, 1e6].map((rate) => `${time(tokens / rate)} at ${count(rate)} tokens/s`);
  return [
    `  all ${count(steps)} steps`,
    `    tokens         ${count(tokens)}`,
    `    FLOPs          ${(steps * flopsPerStep).toExponential(2)}`,
    `    time           ${at.slice(0, 2).join(", ")},`,
    `                   ${at.slice(2).join(", ")}: tokens ÷ tokens a second`,
  ];
}
