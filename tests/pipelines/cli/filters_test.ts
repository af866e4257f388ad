import { deepStrictEqual } from "node:assert/strict";
import { filters } from "../../../pipelines/cli/filters.ts";
import { from } from "../../../stages/flow/flow.ts";
import { MemoryCheckpoints } from "../../../stages/flow/memory_checkpoints.ts";
import { type Stage, stage } from "../../../stages/flow/stage.ts";
import { type Document, textLength } from "../../../stages/items.ts";
import { writeDocuments } from "../../../stages/sink/documents.ts";
import { openSource } from "../../../stages/source/uri.ts";

/** The first so many documents: enough that each filter drops some. */
function first(limit: number): Stage<Document, Document> {
  return stage<Document, Document, { seen: number }>({
    name: "first",
    open: (_ctx, saved = { seen: 0 }) => saved,
    push: (doc, state) => (state.seen++, [doc]),
    done: (state) => state.seen >= limit,
  });
}

async function run(workers: number) {
  const out = Deno.makeTempDirSync({ prefix: "filters-" });
  try {
    const counts = new Map<string, unknown>();
    const checkpoints = new MemoryCheckpoints();
    const o = {
      recipe: "current",
      words: null,
      sentences: null,
      stages: null,
      urlList: [],
      countTokenizer: "byte",
    } as const;
    await from(await openSource(["embedded"])).pipe(first(120))
      .via(await filters(o, { out, workers, emit: () => {} }))
      .pipe(writeDocuments({ dir: `${out}/documents` }))
      .run({
        checkpoints,
        barrierEvery: 70,
        measure: textLength,
        onEvent(event) {
          if (event.type !== "stage") return;
          const { busy: _busy, blocked: _blocked, ...rest } = event;
          counts.set(event.name, rest);
        },
      });
    const parts = checkpoints.all.map((barrier) => new Map([...barrier].sort()));
    return { files: filesUnder(out), counts: [...counts], parts };
  } finally {
    Deno.removeSync(out, { recursive: true });
  }
}

Deno.test("filters() leaves the same files, counts and checkpoints for any number of workers", async () => {
  const inline = await run(1);
  const folders = Object.keys(inline.files).map((path) => path.slice(0, path.lastIndexOf("/"))).sort();
  deepStrictEqual(folders, [
    "documents",
    "removed/c4",
    "removed/fineweb-quality",
    "removed/gopher-quality",
    "removed/gopher-repetition",
    "removed/language",
  ]);
  for (const workers of [2, 3]) deepStrictEqual(await run(workers), inline, `${workers} workers`);
});

function filesUnder(dir: string, under = ""): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const { name, isDirectory } of Deno.readDirSync(`${dir}/${under}`)) {
    const path = under === "" ? name : `${under}/${name}`;
    if (isDirectory) Object.assign(files, filesUnder(dir, path));
    else files[path] = Deno.readFileSync(`${dir}/${path}`);
  }
  return files;
}
