import { deepStrictEqual } from "node:assert/strict";
import { filters } from "../../../pipelines/parts/filters.ts";
import { from } from "../../../stages/flow/flow.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { type Stage, stage } from "../../../stages/flow/stage.ts";
import { type Document, textLength } from "../../../stages/items.ts";
import { writeDocuments } from "../../../stages/sink/documents.ts";
import { openSource } from "../../../stages/source/uri.ts";

/** Returns the first `limit` documents, each twice: enough for every filter to remove some. */
function first(limit: number): Stage<Document, Document> {
  return stage<Document, Document, { seen: number }>({
    name: "first",
    open: (_ctx, saved = { seen: 0 }) => saved,
    push: (doc, state) => (state.seen++, [doc, { ...doc, id: `${doc.id} again` }]),
    done: (state) => state.seen >= limit,
  });
}

async function run(workers: number, minhash: "first" | "cluster") {
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
      extractTimeout: 60,
      extractFavor: "balanced",
      extractComments: "drop",
      extractMarkup: "text",
      minhash,
      minhashRecords: "full",
      minhashMemory: 1,
    } as const;
    await from(await openSource(["embedded"])).pipe(first(60))
      .via(await filters(o, { out, workers, emit: () => {} }))
      .pipe(writeDocuments({ dir: `${out}/documents` }))
      .run({
        checkpoints,
        barrierEvery: 35,
        measure: textLength,
        onEvent(event) {
          if (event.type !== "stage") return;
          const { busy: _busy, blocked: _blocked, inFlight: _inFlight, ...rest } = event;
          counts.set(event.name, rest);
        },
      });
    const parts = checkpoints.all.map((barrier) => new Map([...barrier].sort()));
    return { files: filesUnder(out), counts: [...counts], parts };
  } finally {
    Deno.removeSync(out, { recursive: true });
  }
}

Deno.test("filters() produces the same files, counts and checkpoints for any number of workers", async () => {
  for (const minhash of ["first", "cluster"] as const) {
    const inline = await run(1, minhash);
    const folders = Object.keys(inline.files).map((path) => path.slice(0, path.lastIndexOf("/"))).sort();
    deepStrictEqual(folders.filter((path) => !path.startsWith("minhash")), [
      "documents",
      "removed/c4",
      "removed/fineweb-quality",
      "removed/gopher-quality",
      "removed/gopher-repetition",
      "removed/language",
      "removed/minhash",
    ]);
    deepStrictEqual(await run(minhash === "first" ? 2 : 3, minhash), inline, `${minhash}, several workers`);
  }
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
