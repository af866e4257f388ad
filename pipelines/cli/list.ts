/**
 * The list of pipelines that the command prints without a pipeline's name.
 *
 * @module
 */
import { painter, truncate } from "../../stages/report/terminal_text.ts";
import type { TextStyle } from "./pipeline.ts";

/** Returns the list of pipelines, one line each. */
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
    `Its options:  ${command} NAME --help, or --help all`,
    `Your own:     ${command} ./FILE.ts [--option value]…`,
    `Also:         ${command} --version; ${command} completion bash|zsh|fish`,
    "",
    "Faster on the CPU, in place of deno task pipeline:",
    "  deno task native …  multiplies matrices with the system's BLAS; may call native code",
    "  deno task fast …    uses 256-bit WASM; V8 flags turn off WASM's bounds checks",
    "",
    "On a GPU, with --device webgpu:",
    "  deno task dawn …    uses Chrome's WebGPU in place of Deno's; may call native code",
    "",
  ].join("\n");
}
