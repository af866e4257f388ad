import { createHash } from "node:crypto";
import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { checkStage } from "../../../../stages/flow/check_resume.ts";
import { MemoryCheckpoints } from "../../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { minhashClusters } from "../../../../stages/filter/minhash/minhash_clusters.ts";
import { minhashSign } from "../../../../stages/filter/minhash/minhash_sign.ts";
import { Signer } from "../../../../stages/filter/minhash/signer.ts";
import type { Document } from "../../../../stages/items.ts";
import { clusters, windows } from "./windows.ts";
import { withFolder } from "../../../temporary.ts";

/** Returns a number as a word of letters, because MinHash replaces all digits by 0. */
function word(number: number): string {
  return Math.floor(number).toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]);
}

/**
 * Returns `count` documents in random order. They are variants of `count / 6` originals, so that many are
 * near-duplicates.
 */
function family(count: number): Document[] {
  return Array.from({ length: count }, (_, i) => {
    const at = (k: number) => uniformAt(5, `family ${i}`, k);
    const parent = Math.floor(at(0) * count / 6);
    const words = Array.from(
      { length: 100 },
      (_, k) => word(1000 * uniformAt(6, `parent ${parent}`, k)),
    );
    for (let k = 0; k < 5 * at(1); k++) words[Math.floor(100 * at(k + 2))] = word(9 * at(k + 20));
    return {
      id: `${i}`,
      text: words.slice(0, at(50) < 0.1 ? 3 : 100).join(" "),
      url: `https://example.org/${i}`,
    };
  });
}

/**
 * Returns the ids of the documents to keep, computed in memory from the definition: pairs are joined bucket
 * by bucket in the order of their hashes. When two clusters are joined, the root of the larger one stays the
 * root; with `release`, it is the root of the first document's cluster.
 */
async function keptByDefinition(docs: readonly Document[], recipe: "current" | "release"): Promise<string[]> {
  const signer = await Signer.open({ recipe });
  const parent = docs.map((_, i) => i), size = docs.map(() => 1);
  const root = (i: number): number => parent[i] === i ? i : root(parent[i]);
  for (let bucket = 0; bucket < 14; bucket++) {
    const signed = docs.flatMap(({ text }, doc) => {
      const signature = signer.sign(text);
      if (signature === null) return [];
      const hashes = [...new BigUint64Array(signature.buffer, 64 * bucket, 8)];
      return [{ key: hashes.map((hash) => hash.toString(16).padStart(16, "0")).join(), doc }];
    });
    signed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.doc - b.doc));
    for (let i = 1; i < signed.length; i++) {
      if (signed[i].key !== signed[i - 1].key) continue;
      let [a, b] = [root(signed[i - 1].doc), root(signed[i].doc)];
      if (a === b) continue;
      if (recipe === "current" && size[a] < size[b]) [a, b] = [b, a];
      parent[b] = a;
      size[a] += size[b];
    }
  }
  return docs.filter((_, i) => root(i) === i).map(({ id }) => id);
}

async function kept(
  docs: readonly Document[],
  options: Parameters<typeof minhashClusters>[0],
): Promise<string[]> {
  const flow = from(asSource("docs", () => docs)).pipe(minhashClusters(options));
  return await Array.fromAsync(flow.stream(), ({ id }) => id);
}

Deno.test("minhashClusters() keeps exactly one document of each cluster of near-duplicates", () =>
  withFolder(async (dir) => {
    const ids = await kept(windows(), { dir });
    deepStrictEqual(ids.length, clusters.length);
    for (const offsets of clusters) {
      deepStrictEqual(ids.filter((id) => offsets.includes(Number(id))).length, 1);
    }
  }));

for (const recipe of ["current", "release"] as const) {
  Deno.test(`minhashClusters() keeps the documents that its definition keeps, with much or little memory, ${recipe}`, () =>
    withFolder(async (dir) => {
      const docs = family(200);
      const expected = await keptByDefinition(docs, recipe);
      ok(expected.length > 50 && expected.length < 150, `${expected.length} kept of 200`);
      deepStrictEqual(await kept(docs, { dir, recipe }), expected);
      // Memory for runs of 15 documents, or of only 2: then there are more runs than can be merged at once.
      deepStrictEqual(
        await kept(docs, { dir, recipe, memory: recipe === "current" ? 2000 : 15_000 }),
        expected,
      );
      await rejects(
        kept(docs, { dir, memory: 1599 }),
        /of 200 documents in 1599 bytes of memory: allow at least 1600/,
      );
    }));
}

Deno.test("minhashClusters() passes documents unchanged", () =>
  withFolder(async (dir) => {
    const docs: Document[] = [
      {
        id: "1",
        text: "one two three four five \ud800 \n\u2028",
        url: "u",
        languageScore: 0.1,
        tokenCount: 7,
      },
      { id: "2", text: "" },
    ];
    const flow = from(asSource("docs", () => docs)).pipe(minhashSign()).pipe(minhashClusters({ dir }));
    deepStrictEqual(await Array.fromAsync(flow.stream()), docs);
    deepStrictEqual(await kept([], { dir }), []);
  }));

Deno.test("minhashClusters() can be resumed after any item, also in the middle of its flush", () =>
  withFolder(async (dir) => {
    await checkStage(() => minhashClusters({ dir }), windows().slice(0, 8));
  }));

Deno.test("minhashClusters() is not influenced by the files of an earlier run", () =>
  withFolder(async (dir) => {
    const docs = family(60);
    const expected = await keptByDefinition(docs, "current");
    const checkpoints = new MemoryCheckpoints(null);
    const ids: string[] = [];
    const run = (limit: number, signal?: AbortSignal) => {
      ids.length = 0;
      const sink = {
        name: "sink",
        open: () => null,
        push: ({ id }: Document) => (ids.push(id), []),
      };
      return from(asSource("docs", () => docs.slice(0, limit))).pipe(minhashClusters({ dir, memory: 4000 }))
        .pipe(sink)
        .run({ checkpoints, barrierEvery: 10, ...(signal && { signal }) });
    };
    await run(20); // an earlier run with only 20 documents writes different clusters
    await Deno.writeTextFile(`${dir}/bucket_003/00000.minhash.sig.run-7`, "left over");
    const half = checkpoints.all[1];
    const again = new MemoryCheckpoints(half);
    ids.length = 0;
    const flow = from(asSource("docs", () => docs)).pipe(minhashClusters({ dir, memory: 4000 }));
    for await (const { id } of flow.stream({ checkpoints: again, barrierEvery: 10 })) ids.push(id);
    deepStrictEqual(ids, expected);
  }));

Deno.test("minhashClusters() leaves the files that it leaves in an empty folder, whatever an earlier run left there", () =>
  withFolder(async (dir) => {
    const [used, fresh] = [`${dir}/used`, `${dir}/fresh`], few = { buckets: 3, rows: 4 };
    await kept(family(40), { dir: used });
    await Deno.writeTextFile(`${used}/bucket_001/00000.minhash.sig.run-7`, "left over");
    await Deno.writeTextFile(`${used}/notes.txt`, "of somebody");
    await kept(family(30), { dir: used, ...few });
    await kept(family(30), { dir: fresh, ...few });
    const { "notes.txt": _, ...files } = await contentOf(used);
    deepStrictEqual(files, await contentOf(fresh));
    deepStrictEqual(await Deno.readTextFile(`${used}/notes.txt`), "of somebody");
  }));

/** The files in a folder, with the SHA-256 of their contents. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) {
      found[`${name}/`] = "";
      for (const [inner, text] of Object.entries(await contentOf(`${folder}/${name}`))) {
        found[`${name}/${inner}`] = text;
      }
    } else found[name] = createHash("sha256").update(await Deno.readFile(`${folder}/${name}`)).digest("hex");
  }
  return found;
}
