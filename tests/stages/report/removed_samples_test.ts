import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { removedSamples } from "../../../stages/report/removed_samples.ts";

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
