/**
 * Tests the layers of the design: each folder may import only from itself and from the folders and files
 * listed here. Type-only imports count as imports.
 *
 * @module
 */
const root = new URL("../", import.meta.url);
const libraries = "a library";

/** What every stage that processes documents or tokens may import. */
const data = ["stages/disk", "stages/flow", "stages/format", "stages/items.ts"];
/** What every stage that uses a model may import. */
const model = ["kernels", "stages/model", "stages/flow", "stages/items.ts"];

/** The tables of model options, which every weight format iterates over, and of angles, which some store. */
const modelOptions = [
  "gpt_options.ts",
  "llama_options.ts",
  "lora_config.ts",
  "model_config.ts",
  "model_options.ts",
  "nanochat_options.ts",
  "rope_table.ts",
  "size_rows.ts",
].map((file) => `kernels/models/${file}`);

/** For each folder, the folders and files that it may import besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "kernels/core": [],
  "kernels/random": [],
  "kernels/dist": [],
  "kernels/ops": ["kernels/core", "kernels/random"],
  "kernels/wasm": ["kernels/core", "kernels/ops", libraries],
  "kernels/engine": [
    "kernels/core",
    "kernels/dist",
    "kernels/random",
    "kernels/wasm/kernels.wasm.base64", // the kernels themselves, not the code that builds them
    "kernels/wasm/kernels_plain.wasm.base64",
  ],
  "kernels/models": ["kernels/core", "kernels/random", "kernels/ops"],
  "kernels/optim": ["kernels/core", "kernels/ops"],
  "kernels/parity": ["kernels"],
  "stages/items.ts": [],
  "stages/disk": [libraries],
  "stages/flow": [
    "stages/disk",
    "stages/format/model/safetensors.ts",
    "kernels/core/tensor.ts",
    "kernels/random/philox.ts",
    libraries,
  ],
  "stages/format": [
    "stages/disk",
    "kernels/core/blocks",
    "kernels/core/tensor.ts",
    ...modelOptions,
    libraries,
  ],
  "stages/source": [...data, "kernels/random", libraries],
  "stages/filter": [...data, "stages/token", "kernels/random", libraries],
  "stages/token": [...data, libraries],
  "stages/shard": [...data, "kernels/random", libraries],
  "stages/sink": [...data, libraries],
  "stages/task": [...data, "stages/token", "stages/chat", "kernels/random", libraries],
  "stages/chat": [...data, "stages/token", "kernels/random", "kernels/core/tensor.ts", libraries],
  "stages/model": ["kernels", "stages/items.ts"],
  "stages/tool": [...data, "stages/token", "stages/chat", libraries],
  "stages/rl": [
    ...model,
    "stages/chat",
    "stages/sample",
    "stages/task",
    "stages/token",
    "stages/tool",
    "stages/train",
  ],
  "stages/train": [...model, "stages/disk", "stages/format", "stages/shard"],
  "stages/evaluate": [...model, "stages/task", "stages/token"],
  "stages/sample": [...model, "stages/token", "stages/format/viewer/notebook.ts"],
  "stages/answer": [
    ...model,
    "stages/chat",
    "stages/disk",
    "stages/sample",
    "stages/token",
    "stages/tool",
    libraries,
  ],
  "stages/inspect": model,
  "stages/run": [
    "stages/disk",
    "stages/flow",
    "stages/format/web",
    "stages/report",
    "stages/items.ts",
    libraries,
  ],
  "stages/report": ["stages/disk", "stages/flow", "stages/format", libraries],
  "pipelines/cli": [
    "kernels/dist",
    "kernels/engine",
    "kernels/ops/list.ts",
    "stages/disk",
    "stages/flow",
    "stages/items.ts",
    "stages/report",
    "stages/run",
    libraries,
  ],
  "pipelines/parts": ["kernels", "stages", "pipelines/cli", "pipelines/page", libraries],
  "pipelines/lesson": ["kernels", "stages", "pipelines/cli", "pipelines/parts", "pipelines/page", libraries],
  "pipelines/page": ["kernels", "stages", libraries],
  "pipelines": [
    "kernels",
    "stages",
    "pipelines/cli",
    "pipelines/parts",
    "pipelines/lesson",
    "pipelines/page",
    libraries,
  ],
};

/** The package's entry points, which re-export modules of any layer. */
const reexporting = /(^|\/)mod\.ts$/;

Deno.test("every import stays within the layers of the design", async () => {
  const wrong: string[] = [];
  for (const [file, imports] of await importsByFile()) {
    if (reexporting.test(file)) continue;
    const home = homeOf(file);
    if (isAssemblyScript(file)) {
      const foreign = imports.filter((name) => !isAssemblyScript(name));
      if (foreign.length > 0) wrong.push(`${file} is AssemblyScript and imports ${foreign}`);
      continue;
    }
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

Deno.test("no import cycles, not even of types", async () => {
  const graph = await importsByFile();
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

Deno.test("the typed wrappers are the only files that import @std", async () => {
  const wrappers = new Set(["stages/flow/std.ts", "pipelines/cli/args.ts"]);
  for (const [file, imports] of await importsByFile()) {
    if (wrappers.has(file)) continue;
    const found = imports.filter((name) => name.startsWith("@std/"));
    if (found.length > 0) {
      throw new Error(`${file} imports ${found}: go through ${[...wrappers].join(" or ")}`);
    }
  }
});

Deno.test("kernels/ leaves the disk to its callers, except that it builds its own WASM modules", async () => {
  const fileCall =
    /Deno\.(open|create|read|write|mkdir|makeTemp|remove|rename|copyFile|link|symlink|truncate|stat|lstat)\w*\(|node:fs/;
  for await (const file of walk("kernels")) {
    if (file === "kernels/wasm/build.ts") continue;
    const call = fileCall.exec(await Deno.readTextFile(new URL(file, root)));
    if (call !== null) throw new Error(`${file} calls ${call[0]}: take values or a store from the caller`);
  }
});

/** Modules with calls that could change files without stages/disk/disk.ts, and why they may have them. */
const writers: Readonly<Record<string, string>> = {
  "stages/disk/disk.ts": "these are the calls that the tests replace",
  "kernels/wasm/build.ts": "a developer's build, whose output is committed",
  "stages/filter/minhash/wasm/build.ts": "the same",
  "stages/flow/checkpoint/disk_space.ts": "node:fs is asked for free space alone",
  "stages/report/removed_samples.ts": "node:fs only reads here",
  "pipelines/doctor/resumed_run.ts": "the temporary folder of runs that are compared and thrown away",
};

Deno.test("every module but a few changes files through stages/disk/disk.ts, which the tests of power cuts replace", async () => {
  const change =
    /Deno\.(open|create|write|mkdir|makeTemp|remove(?!SignalListener)|rename|copyFile|link|symlink|truncate|chmod|chown|utime)\w*\b|"node:fs/;
  const found = new Set<string>();
  for (const file of (await importsByFile()).keys()) {
    const text = (await Deno.readTextFile(new URL(file, root))).replace(/^\s*(\*|\/\/).*$/gm, "");
    const call = change.exec(text);
    if (call === null) continue;
    found.add(file);
    if (!(file in writers)) throw new Error(`${file} has ${call[0]}: call it through stages/disk/disk.ts`);
  }
  const unneeded = Object.keys(writers).filter((file) => !found.has(file));
  if (unneeded.length > 0) throw new Error(`${unneeded} changes no files: leave it out of this list`);
});

Deno.test("no module reads a file that stands beside it, which a package from a registry cannot", async () => {
  const readsOwn = /Deno\.(open|read)\w*\(\s*new URL\([^()]*import\.meta/;
  for (const file of (await importsByFile()).keys()) {
    if (isAssemblyScript(file) || file.endsWith("build.ts")) continue;
    const call = readsOwn.exec(await Deno.readTextFile(new URL(file, root)));
    if (call !== null) throw new Error(`${file} calls ${call[0]}…: import the file with { type: "text" }`);
  }
});

Deno.test("the top level contains the known files and folders and nothing else", async () => {
  const wanted = new Set(
    "deno.json deno.lock mod.ts stages kernels pipelines bench tests README.md LICENSE NOTICE".split(" "),
  );
  const made = new Set(["runs", "node_modules", "coverage"]); // created by programs and ignored by git
  for await (const entry of Deno.readDir(root)) {
    if (entry.name.startsWith(".") || made.has(entry.name)) continue;
    if (!wanted.has(entry.name)) throw new Error(`${entry.name} does not belong on the top level`);
  }
});

Deno.test("a folder contains at most 28 files", async () => {
  const counts = new Map<string, number>();
  for (const layer of ["kernels", "stages", "pipelines", "bench", "tests"]) {
    for await (const file of walk(layer)) {
      const folder = file.slice(0, file.lastIndexOf("/"));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  counts.delete("pipelines"); // a file for each command, which is found by its name
  const full = [...counts].filter(([, count]) => count > 28);
  if (full.length > 0) throw new Error(full.map(([folder, count]) => `${folder}: ${count} files`).join("\n"));
});

/**
 * Returns the static and type-only imports of each file: project-relative paths of files, and specifiers of
 * libraries.
 */
async function importsByFile(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const folder of ["kernels", "stages", "pipelines"]) {
    for await (const file of walk(folder)) {
      const text = (await Deno.readTextFile(new URL(file, root)))
        .replace(/^\s*(\*|\/\/).*$/gm, "");
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

/** Whether a file is AssemblyScript. Such files are compiled on their own: they import only each other. */
function isAssemblyScript(file: string): boolean {
  return file.endsWith("_wasm.ts") || file.startsWith("kernels/wasm/") && !file.endsWith("build.ts");
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
