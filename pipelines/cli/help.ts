/**
 * What --help, --dry-run and the bare command print.
 *
 * @module
 */
import { painter, truncate } from "../../stages/report/terminal_text.ts";
import type { StepInfo } from "../../stages/flow/flow.ts";
import { flagOf } from "./command_line.ts";
import type { Option, Options, TextStyle } from "./pipeline.ts";
import type { Presets } from "./presets.ts";
import type { ResolvedOptions } from "./resolve.ts";

/** The pipelines, one line each. */
export function listText(
  pipelines: readonly { readonly name: string; readonly about: string }[],
  { command, columns, color }: TextStyle & { readonly command: string },
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
  { name, about, options, presets }: {
    readonly name: string;
    readonly about: string;
    readonly options: Options;
    readonly presets?: Presets | undefined;
  },
  resolved: ResolvedOptions,
  { command, columns, color }: TextStyle & { readonly command: string },
): string {
  const paint = painter(color);
  const groups = new Map<string, [string, Option<unknown>][]>();
  for (const [name, option] of Object.entries(options)) {
    const group = option.group ?? "Options";
    groups.set(group, [...groups.get(group) ?? [], [name, option]]);
  }
  const run = groups.get("Run") ?? [];
  groups.delete("Run");
  groups.set("Run", run); // last: the same for all
  const lines = [
    `${command} ${name} [--option value]…`,
    ...wrapped(capital(about), { indent: 0, columns }),
  ];
  for (const [group, entries] of groups) {
    if (entries.length === 0) continue;
    lines.push("", paint("bold", group));
    for (const [name, option] of entries) {
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
  if (presets !== undefined) {
    lines.push("", paint("bold", "Presets"));
    for (const [name, { about }] of Object.entries(presets.byName)) {
      const mark = name === resolved.preset?.name ? ` (here: ${resolved.preset.why})` : "";
      lines.push(`  ${name.padEnd(28)}${about}${mark}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The stage graph, the configuration with where each value comes from, and what it will take. */
export function dryRunText(
  { graph, resolved, plan }: {
    readonly graph: readonly StepInfo[];
    readonly resolved: ResolvedOptions;
    /** What `Pipeline.plan` says; null: nothing. */
    readonly plan: readonly string[] | null;
  },
  { color }: TextStyle,
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
  if (plan !== null) lines.push("", paint("bold", "Plan"), ...plan.map((line) => `  ${line}`));
  return `${lines.join("\n")}\n`;
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
          ...(step.takesCheckpoints ? ["checkpoints stand here"] : []),
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
