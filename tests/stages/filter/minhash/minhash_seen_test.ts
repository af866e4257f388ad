import { deepStrictEqual, rejects, throws } from "node:assert/strict";
import { from } from "../../../../stages/flow/flow.ts";
import { checkStage } from "../../../../stages/flow/check_resume.ts";
import { minhashSeen } from "../../../../stages/filter/minhash/minhash_seen.ts";
import { minhashSign } from "../../../../stages/filter/minhash/minhash_sign.ts";
import { asSource } from "../../../../stages/flow/as_source.ts";
import type { Document } from "../../../../stages/items.ts";
import { clusters, windows } from "./windows.ts";
import { withFolder } from "../../../temporary.ts";

async function kept(docs: readonly Document[], dir: string): Promise<readonly string[]> {
  const flow = from(asSource("docs", () => docs)).pipe(minhashSign()).pipe(minhashSeen({ dir }));
  return await Array.fromAsync(flow.stream(), (doc) => (deepStrictEqual("signature" in doc, false), doc.id));
}

Deno.test("minhashSeen() keeps the first of each cluster of near-duplicates", () =>
  withFolder(async (dir) => {
    deepStrictEqual(await kept(windows(), dir), clusters.map((offsets) => `${offsets[0]}`));
  }));

Deno.test("minhashSeen() remembers dropped documents: each one of a chain resembles only the one before it", () =>
  withFolder(async (dir) => {
    const letters = (i: number): string => String.fromCharCode(97 + i % 26);
    const word = (i: number): string => `w${letters(i)}${letters(Math.floor(i / 26))}x`;
    const docs = Array.from({ length: 40 }, (_, i) => ({
      id: `${i}`,
      text: Array.from({ length: 200 }, (_, j) => word(4 * i + j)).join(" "),
    }));
    deepStrictEqual(await kept([docs[0], docs[39]], dir), ["0", "39"]);
    const inner = await Deno.makeTempDir({ dir });
    deepStrictEqual(await kept(docs, inner), ["0"]);
  }));

Deno.test("minhashSeen() never drops documents of fewer than five words", () =>
  withFolder(async (dir) => {
    const docs = ["a b c d", "a b c d", "", "", "...", "..."].map((text, i) => ({ id: `${i}`, text }));
    deepStrictEqual(await kept(docs, dir), docs.map(({ id }) => id));
    deepStrictEqual(await kept([0, 1].map((i) => ({ id: `${i}`, text: "a b c d e" })), dir), ["0"]);
  }));

Deno.test("minhashSeen() can be resumed after any item, with documents signed before or not", () =>
  withFolder(async (dir) => {
    const docs = windows();
    await checkStage(() => minhashSeen({ dir, memory: 24 * 1024 }), docs);
    const signed = await Array.fromAsync(from(asSource("docs", () => docs)).pipe(minhashSign()).stream());
    await checkStage(() => minhashSeen({ dir }), signed);
    await checkStage(minhashSign(), docs);
  }));

Deno.test("minhashSeen() gives dropped documents the reason duplicate", () =>
  withFolder(async (dir) => {
    const dropped: unknown[] = [];
    const sink = {
      name: "dropped",
      open: () => null,
      push: (reject: unknown) => (dropped.push(reject), []),
    };
    const doc = { id: "1", text: "one two three four five" };
    await from(asSource("docs", () => [doc, { ...doc, id: "2" }])).pipe(minhashSign())
      .pipe(minhashSeen({ dir }), { rejects: sink }).run();
    deepStrictEqual(dropped, [{ item: { ...doc, id: "2" }, reason: "duplicate", stage: "minhash" }]);
  }));

Deno.test("minhashSeen() refuses too little memory, and signatures made with other options", () =>
  withFolder(async (dir) => {
    throws(() => minhashSeen({ dir, memory: 1000 }), /in 1000 bytes of memory: allow at least 24576/);
    const flow = from(asSource("docs", () => windows())).pipe(minhashSign({ buckets: 3 })).pipe(
      minhashSeen({ dir }),
    );
    await rejects(flow.run(), /signature of 0 has 192 bytes, but 14 buckets of 8 hashes have 896/);
  }));
