/**
 * Finds which pipelines a source file belongs to: those whose modules import it.
 *
 * @module
 */
import type { TypedPipeline } from "../pipelines/all_pipelines.ts";

const root = new URL("../../", import.meta.url);

/** Returns, for each file of the program, the pipelines that can print its messages. */
export async function pipelinesByFile(
  pipelines: readonly TypedPipeline[],
): Promise<(file: string) => readonly TypedPipeline[]> {
  const imports = new Map<string, Promise<readonly string[]>>();
  const reached = new Map<string, TypedPipeline[]>();
  const closure = async (first: string): Promise<ReadonlySet<string>> => {
    const seen = new Set<string>(), open = [first];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      if (!imports.has(file)) imports.set(file, importsOf(file));
      open.push(...await imports.get(file) ?? []);
    }
    return seen;
  };
  const ofAll = await closure("pipelines/cli/main.ts");
  for (const pipeline of pipelines) {
    for (const file of await closure(`pipelines/${pipeline.name.replaceAll("-", "_")}.ts`)) {
      reached.set(file, [...reached.get(file) ?? [], pipeline]);
    }
  }
  // The command line and what it imports belong to all pipelines, as do files that are loaded otherwise.
  return (file) => ofAll.has(file) ? pipelines : reached.get(file) ?? pipelines;
}

async function importsOf(file: string): Promise<readonly string[]> {
  const source = await Deno.readTextFile(new URL(file, root)).catch(() => ""); // a name in an example
  const text = source.replace(/^\s*(\*|\/\/).*$/gm, "");
  const names = [...text.matchAll(/(?:from|import|resolve|URL)\s*\(?\s*"(\.[^"]+\.ts)"/g)].map(([, name]) =>
    name
  );
  return names.map((name) => new URL(name, new URL(file, root)).href.slice(root.href.length));
}
