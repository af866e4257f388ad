/**
 * Scripts that complete the names of pipelines, options and values in a shell.
 *
 * @module
 */
import { flagOf } from "../../stages/report/option_text.ts";
import manifest from "../../deno.json" with { type: "json" };
import { sparedOptions } from "./effect.ts";
import type { NamedPipeline } from "./catalogue.ts";
import { runOptions } from "./run_options.ts";

/** The shells that there is a script for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** An option to complete. */
interface Flag {
  readonly flag: string;
  readonly about: string;
  /** Whether a value follows. */
  readonly valued: boolean;
  /** The accepted values; empty where any text or path is. */
  readonly values: readonly string[];
}

interface Command {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly Flag[];
}

/** Returns the script of a shell for these pipelines. */
export function completionScript(shell: typeof shells[number], pipelines: readonly NamedPipeline[]): string {
  const commands = pipelines.map(commandOf), tasks = pipelineTasks();
  switch (shell) {
    case "bash":
      return bash(commands, tasks);
    case "zsh":
      return zsh(commands, tasks);
    case "fish":
      return fish(commands, tasks);
  }
}

/** Returns the tasks that take a pipeline's name. */
function pipelineTasks(): readonly string[] {
  return Object.entries(manifest.tasks)
    .filter(([, { command }]) => command.includes("cli/launch.ts"))
    .map(([name]) => name);
}

function commandOf({ typed, pipeline }: NamedPipeline): Command {
  const spared = sparedOptions(pipeline);
  const flags = Object.entries({ ...runOptions, ...pipeline.options })
    .filter(([name]) => !spared.has(name))
    .map(([name, option]): Flag => ({
      flag: option.flag === true && option.value === true ? `--no-${flagOf(name)}` : `--${flagOf(name)}`,
      about: option.about,
      valued: option.flag !== true,
      values: name === "preset"
        ? ["auto", ...Object.keys(pipeline.presets?.byName ?? {})]
        : option.choices ?? [],
    }));
  return { name: typed, about: pipeline.about, flags };
}

/** Returns shell functions that print the options of a pipeline, and those of an option's values. */
function tables(commands: readonly Command[]): string {
  const options = commands.map(({ name, flags }) =>
    `    ${name}) echo ${quoted(words(flags.map((f) => f.flag)))};;`
  );
  const values = commands.flatMap(({ name, flags }) =>
    flags.filter((f) => f.values.length > 0)
      .map((f) => `    ${quoted(`${name} ${f.flag}`)}) echo ${quoted(words(f.values))};;`)
  );
  return [
    "_stagewise_options() {",
    '  case "$1" in',
    ...options,
    "  esac",
    "}",
    "_stagewise_values() {",
    '  case "$1 $2" in',
    ...values,
    "  esac",
    "}",
  ].join("\n");
}

function bash(commands: readonly Command[], tasks: readonly string[]): string {
  return `# Completion of deno task ${tasks.join("|")} for bash. In ~/.bashrc:
#   source <(deno task --quiet pipeline completion bash)
${tables(commands)}
_stagewise() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  COMPREPLY=()
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
    ${tasks.map((task) => quoted(`task ${task}`)).join("|")})
      case "$COMP_CWORD" in
        [0-2]) return;;
        3) words=${quoted(words(commands.map(({ name }) => name)))};;
        *)
          case "$word" in
            -*) words="$(_stagewise_options "\${COMP_WORDS[3]}")";;
            *) words="$(_stagewise_values "\${COMP_WORDS[3]}" "\${COMP_WORDS[COMP_CWORD-1]}")";;
          esac;;
      esac
      COMPREPLY=($(compgen -W "$words" -- "$word"));;
    *) if declare -F _deno > /dev/null; then _deno "$@"; fi;;
  esac
}
complete -o default -F _stagewise deno
`;
}

function zsh(commands: readonly Command[], tasks: readonly string[]): string {
  return `# Completion of deno task ${tasks.join("|")} for zsh. In ~/.zshrc, after compinit:
#   source <(deno task --quiet pipeline completion zsh)
${tables(commands)}
_stagewise() {
  local -a found
  case "$words[2] $words[3]" in
    ${tasks.map((task) => quoted(`task ${task}`)).join("|")})
      if (( CURRENT == 4 )); then
        found=(${commands.map(({ name }) => quoted(name)).join(" ")})
      elif [[ "$words[CURRENT]" == -* ]]; then
        found=(\${(s: :)"$(_stagewise_options "$words[4]")"})
      else
        found=(\${(s: :)"$(_stagewise_values "$words[4]" "$words[CURRENT-1]")"})
      fi
      if (( \${#found} )); then compadd -- $found; else _files; fi;;
    *) if (( \${+functions[_deno]} )); then _deno "$@"; else _files; fi;;
  esac
}
compdef _stagewise deno
`;
}

function fish(commands: readonly Command[], tasks: readonly string[]): string {
  const lines = [
    `# Completion of deno task ${tasks.join("|")} for fish. Once:`,
    "#   deno task --quiet pipeline completion fish > ~/.config/fish/completions/deno_task_pipeline.fish",
    "function __stagewise_at",
    "  set -l typed (commandline -opc)",
    `  test (count $typed) -ge 3; and test "$typed[2]" = task; and contains -- $typed[3] ${
      tasks.join(" ")
    }; or return 1`,
    '  if test "$argv[1]" = name; test (count $typed) -eq 3; else; test (count $typed) -ge 4; and test "$typed[4]" = "$argv[1]"; end',
    "end",
  ];
  for (const { name, about, flags } of commands) {
    lines.push(`complete -c deno -f -n '__stagewise_at name' -a ${quoted(name)} -d ${quoted(about)}`);
    for (const { flag, about, valued, values } of flags) {
      const value = !valued ? "" : values.length > 0 ? ` -x -a ${quoted(words(values))}` : " -r";
      lines.push(
        `complete -c deno -n '__stagewise_at ${name}' -l ${flag.slice(2)}${value} -d ${quoted(about)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function words(list: readonly string[]): string {
  return list.join(" ");
}

/** Quotes a text as one word of all three shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "’")}'`;
}
