/**
 * The layering of the design: a folder imports itself and what is named here, nothing else; type-only imports count.
 *
 * @module
 */
const root = new URL("../", import.meta.url);
const libraries = "a library";

/** Folder → what it may import beside itself; a value ending in .ts names one file. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "kernels/core": ["kernels/wasm/normals.wasm"],
  "kernels/ops": ["kernels/core"],
  "kernels/engine": ["kernels/core"],
  "kernels/models": ["kernels/core", "kernels/ops"],
  "kernels/optim": ["kernels/core", "kernels/ops"],
  "stages/items.ts": [],
  "stages/format": ["kernels/core/tensor.ts", libraries],
  "stages/flow": ["stages/format", "kernels/core/tensor.ts", "kernels/core/philox.ts", libraries],
  "stages/source": ["stages/flow", "stages/format", "stages/items.ts", "kernels/core/philox.ts", libraries],
  "stages/filter": [
    "stages/flow",
    "stages/format",
    "stages/token",
    "stages/items.ts",
    "kernels/core/numpy_random.ts",
    libraries,
  ],
  "stages/token": ["stages/flow", "stages/format", "stages/items.ts", libraries],
  "stages/task": ["stages/flow", "stages/format", "stages/token"],
  "stages/shard": ["stages/flow", "stages/format", "stages/items.ts", "kernels/core/philox.ts"],
  "stages/sink": ["stages/flow", "stages/format", "stages/items.ts", libraries],
  "stages/train": ["kernels", "stages", libraries],
  "stages/report": ["stages/flow", "stages/format", libraries],
  "pipelines/cli": ["kernels", "stages", libraries],
  "pipelines/token": ["stages", "pipelines/cli", libraries],
  "pipelines/lesson": ["kernels", "stages", "pipelines/cli", "pipelines/token", libraries],
  "pipelines": ["kernels", "stages", "pipelines/cli", "pipelines/lesson", libraries],
};

/** Files where everything below them is gathered: they re-export and import freely below themselves. */
const gathers = /^(mod\.ts|kernels\/mod\.ts|stages\/mod\.ts)$/;

Deno.test("every import stays within the layers of the design", async () => {
  const wrong: string[] = [];
  for (const [file, imports] of await importsByFile()) {
    if (gathers.test(file)) continue;
    const home = homeOf(file);
    if (home === null) {
      wrong.push(`${file}: no layer owns it: add it to tests/layers_test.ts`);
      continue;
    }
    for (const target of imports) {
      if (!target.includes("/") || !/^(kernels|stages|pipelines|mod\.ts)/.test(target)) {
        if (!allowed[home].includes(libraries)) wrong.push(`${file} imports library ${target}`);
      } else if (!target.startsWith(`${home}/`) && target !== home) {
        const fits = allowed[home].some((name) => target === name || target.startsWith(`${name}/`));
        if (!fits) {
          wrong.push(
            `${file} imports ${target}: ${home} may import ${allowed[home].join(", ") || "nothing"}`,
          );
        }
      }
    }
  }
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
});

// Tensor, Call and Graph speak of each other, so types within a layer may; what runs may not.
Deno.test("no import cycles among what runs", async () => {
  const graph = await importsByFile({ types: false });
  const state = new Map<string, "open" | "done">();
  const visit = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === "done" || !graph.has(file)) return;
    if (state.get(file) === "open") throw new Error(`Import cycle: ${[...trail, file].join(" -> ")}`);
    state.set(file, "open");
    for (const target of graph.get(file)!) visit(target, [...trail, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) visit(file, []);
});

Deno.test("the typed doorways are the only files that import @std", async () => {
  const doors = new Set(["stages/flow/std.ts", "pipelines/cli/args.ts"]);
  for (const [file, imports] of await importsByFile()) {
    if (doors.has(file)) continue;
    const found = imports.filter((name) => name.startsWith("@std/"));
    if (found.length > 0) throw new Error(`${file} imports ${found}: go through ${[...doors].join(" or ")}`);
  }
});

Deno.test("the top level holds what the README says and nothing else", async () => {
  const wanted = new Set(
    "deno.json deno.lock mod.ts stages kernels pipelines bench tests README.md LICENSE NOTICE".split(" "),
  );
  const made = new Set(["runs", "node_modules", "coverage"]); // ignored by git
  for await (const entry of Deno.readDir(root)) {
    if (entry.name.startsWith(".") || made.has(entry.name)) continue;
    if (!wanted.has(entry.name)) throw new Error(`${entry.name} does not belong on the top level`);
  }
});

/** Project-relative targets of the static and type-only imports of each file; libraries by specifier. */
async function importsByFile({ types = true } = {}): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const folder of ["kernels", "stages", "pipelines"]) {
    for await (const file of walk(folder)) {
      if (file.startsWith("kernels/wasm/")) continue; // AssemblyScript: its own little world
      const text = (await Deno.readTextFile(new URL(file, root)))
        .replace(/^\s*(\*|\/\/).*$/gm, "")
        .replace(types ? /$^/ : /^(import|export) type [^;]*;/gm, "");
      const targets: string[] = [];
      for (const match of text.matchAll(/(?:^|\s)(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
        const name = match[1];
        targets.push(
          name.startsWith(".") ? new URL(name, new URL(file, root)).href.slice(root.href.length) : name,
        );
      }
      found.set(file, targets);
    }
  }
  return found;
}

function homeOf(file: string): string | null {
  const owners = Object.keys(allowed).filter((home) => file === home || file.startsWith(`${home}/`));
  return owners.sort((a, b) => b.length - a.length)[0] ?? null;
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(`${folder}/`, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* walk(path);
    else if (path.endsWith(".ts")) yield path;
  }
}
