import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { RemovedReader, removedSamples } from "../../../stages/report/removed_samples.ts";

function lines(count: number, reason: string, start = 0): Uint8Array {
  const rows = Array.from({ length: count }, (_, i) => ({
    text: `text ${start + i} `.repeat(200),
    id: `${start + i}`,
    ...(i % 2 === 0 ? { url: `http://a.com/${i}` } : {}),
    reason,
  }));
  return gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

async function withRemoved(
  files: Readonly<Record<string, readonly Uint8Array[]>>,
  work: (dir: string) => Promise<void>,
) {
  const dir = await Deno.makeTempDir();
  try {
    for (const [path, parts] of Object.entries(files)) {
      await Deno.mkdir(`${dir}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeFile(`${dir}/${path}`, new Blob(parts.map((part) => new Uint8Array(part))).stream());
    }
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("removedSamples() returns the same four documents, at most, for each stage and reason", async () => {
  const files = {
    "c4/00000.jsonl.gz": [lines(30, "curly_bracket"), lines(2, "lorem_ipsum", 100)], // two gzip members
    "c4/00001.jsonl.gz": [lines(30, "curly_bracket", 200)],
    "url/00000.jsonl.gz": [lines(1, "domain")],
  };
  await withRemoved(files, async (dir) => {
    const samples = await removedSamples(dir);
    deepStrictEqual(samples.map(({ stage, reason }) => `${stage} ${reason}`), [
      ...Array(4).fill("c4 curly_bracket"),
      ...Array(2).fill("c4 lorem_ipsum"),
      "url domain",
    ]);
    ok(samples.slice(0, 4).some(({ id }) => Number(id) >= 200), "only from the first file");
    deepStrictEqual(await removedSamples(dir), samples);
    const [last] = samples.slice(-1);
    deepStrictEqual([last.id, last.url, last.text.length, last.length], ["0", "http://a.com/0", 800, 1400]);
  });
});

Deno.test("removedSamples() reads a truncated file as far as possible, and accepts a missing folder", async () => {
  const whole = lines(50, "domain");
  await withRemoved(
    { "url/00000.jsonl.gz": [lines(3, "url"), whole.subarray(0, whole.length - 30)] },
    async (dir) => {
      const samples = await removedSamples(dir);
      strictEqual(samples.filter(({ reason }) => reason === "url").length, 3);
      deepStrictEqual(await removedSamples(`${dir}/nowhere`), []);
    },
  );
});

Deno.test("RemovedReader.read() reads a stage again if one of its files has changed, and no other stage", async () => {
  const files = { "c4/00000.jsonl.gz": [lines(3, "a")], "url/00000.jsonl.gz": [lines(2, "b")] };
  await withRemoved(files, async (dir) => {
    const reader = new RemovedReader(dir),
      reasons = async () => (await reader.read()).map(({ reason }) => reason);
    deepStrictEqual(await reasons(), ["a", "a", "a", "b", "b"]);
    // Whoever reads a file of zeros finds nothing in it.
    for (const name of ["c4", "url"]) {
      const path = `${dir}/${name}/00000.jsonl.gz`;
      await Deno.writeFile(path, new Uint8Array((await Deno.stat(path)).size));
    }
    deepStrictEqual(await reasons(), ["a", "a", "a", "b", "b"]);
    await Deno.writeFile(`${dir}/c4/00000.jsonl.gz`, lines(4, "c"));
    deepStrictEqual(await reasons(), ["c", "c", "c", "c", "b", "b"]);
    await Deno.writeFile(`${dir}/c4/00001.jsonl.gz`, lines(1, "d"));
    deepStrictEqual(await reasons(), ["c", "c", "c", "c", "d", "b", "b"]);
    await Deno.remove(`${dir}/url`, { recursive: true });
    deepStrictEqual(await reasons(), ["c", "c", "c", "c", "d"]);
  });
});

Deno.test("RemovedReader.read() does not read again what only grows beyond the first 64 Mi characters", async () => {
  const row = `${JSON.stringify({ id: "1", reason: "a", text: "x".repeat(2 ** 16) })}\n`;
  const part = gzipSync(row.repeat(128));
  await withRemoved({ "c4/00000.jsonl.gz": Array.from({ length: 8 }, () => part) }, async (dir) => {
    const reader = new RemovedReader(dir), path = `${dir}/c4/00000.jsonl.gz`;
    const count = async () => (await reader.read()).length;
    strictEqual(await count(), 4);
    const { size } = await Deno.stat(path);
    await Deno.writeFile(path, new Uint8Array(size + 1));
    await Deno.writeFile(`${dir}/c4/00001.jsonl.gz`, lines(1, "b"));
    strictEqual(await count(), 4);
    await Deno.writeFile(path, new Uint8Array(size - 1)); // by another run
    strictEqual(await count(), 1);
  });
});

Deno.test("RemovedReader.read() ends when it is aborted", async () => {
  await withRemoved({ "c4/00000.jsonl.gz": [lines(3, "a")] }, async (dir) => {
    const reader = new RemovedReader(dir);
    await rejects(reader.read(AbortSignal.abort(new Error("closed"))), /closed/);
    strictEqual((await reader.read()).length, 3);
  });
});
