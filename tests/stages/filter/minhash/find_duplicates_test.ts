import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { findDuplicates } from "../../../../stages/filter/minhash/find_duplicates.ts";
import { readRemoval } from "../../../../stages/filter/minhash/removal.ts";
import { dropDuplicates } from "../../../../stages/filter/minhash/drop_duplicates.ts";
import { SignatureLog } from "../../../../stages/filter/minhash/signature_log.ts";
import { Signer } from "../../../../stages/filter/minhash/signer.ts";
import { signaturePath, sortSignatures } from "../../../../stages/filter/minhash/sort_signatures.ts";
import { contextWith } from "../../context.ts";
import { windows } from "./windows.ts";
import { withFolder } from "../../../temporary.ts";

const signer = await Signer.open();
const signatures = windows().map(({ text }) => signer.sign(text)!);
const options = { shingle: 5, buckets: 14, rows: 8, seed: 1, recipe: "current", words: "treebank" } as const;

/** Writes the signatures of the windows as `ranks` sets, each of consecutive documents. */
async function writeSets(dir: string, ranks: number): Promise<void> {
  const size = Math.ceil(signatures.length / ranks);
  for (let rank = 0; rank < ranks; rank++) {
    const part = signatures.slice(rank * size, (rank + 1) * size);
    const log = `${dir}/log${rank}`;
    const writer = new SignatureLog(log, { bytes: signer.bytes, count: 0 });
    part.forEach((signature, document) => writer.add(signature, document));
    writer.close();
    const set = { ...options, rank, documents: part.length, signed: part.length };
    await sortSignatures({ log, dir, set, memory: 4000 });
  }
}

Deno.test("sortSignatures() writes datatrove's records in order: 8 hashes and the document number, 68 bytes", () =>
  withFolder(async (dir) => {
    await writeSets(dir, 1);
    for (let bucket = 0; bucket < 14; bucket++) {
      const bytes = await Deno.readFile(`${dir}/bucket_${String(bucket).padStart(3, "0")}/00000.minhash.sig`);
      deepStrictEqual(bytes.length, 68 * signatures.length);
      const view = new DataView(bytes.buffer);
      const records = signatures.map((_, i) => ({
        hashes: Array.from({ length: 8 }, (_, k) => view.getBigUint64(68 * i + 8 * k, true)),
        document: view.getUint32(68 * i + 64, true),
      }));
      const key = ({ hashes, document }: (typeof records)[number]) =>
        [...hashes, BigInt(document)].map((hash) => hash.toString(16).padStart(16, "0")).join();
      deepStrictEqual(records.map(key), records.map(key).sort());
      for (const { hashes, document } of records) {
        deepStrictEqual(hashes, [...new BigUint64Array(signatures[document].buffer, 64 * bucket, 8)]);
      }
    }
  }));

Deno.test("findDuplicates() removes the same documents from one set or several", () =>
  withFolder(async (dir) => {
    const removed: number[][] = [];
    for (const ranks of [1, 4]) {
      const place = `${dir}/${ranks}`;
      await Deno.mkdir(place);
      await writeSets(place, ranks);
      const found = await findDuplicates({ dir: place });
      deepStrictEqual([found.documents, found.removed], [16, 10]);
      ok(found.pairs >= 10);
      removed.push(
        Array.from({ length: ranks }, (_, r) => [...readRemoval(place, r)].map((d) => d + 4 * r)).flat(),
      );
    }
    deepStrictEqual(removed[0], removed[1]);
  }));

Deno.test("findDuplicates() has few files open at a time, however many ranks there are", () =>
  withFolder(async (dir) => {
    await writeSets(dir, 16);
    const { openSync } = Deno;
    let open = 0, most = 0;
    Deno.openSync = (path, options) => {
      const file = openSync(path, options), close = file.close.bind(file);
      most = Math.max(most, ++open);
      file.close = () => {
        open--;
        close();
      };
      file[Symbol.dispose] = file.close;
      return file;
    };
    try {
      deepStrictEqual((await findDuplicates({ dir })).removed, 10);
    } finally {
      Deno.openSync = openSync;
    }
    deepStrictEqual(open, 0);
    ok(most >= 1 && most <= 2, `${most} files were open`);
  }));

Deno.test("findDuplicates() refuses files that are truncated, out of order, changed, or signed with other options", () =>
  withFolder(async (dir) => {
    const path = signaturePath(dir, { bucket: 5, rank: 1 });
    const damage: readonly (readonly [RegExp, (bytes: Uint8Array) => Uint8Array])[] = [
      [/has 271 bytes, but 4 records of 68 bytes have 272/, (bytes) => bytes.slice(0, -1)],
      [/has 204 bytes, but 4 records of 68 bytes have 272/, (bytes) => bytes.slice(68)],
      [
        /record \d is less than the one before it/,
        (bytes) => new Uint8Array([...bytes.slice(68), ...bytes.slice(0, 68)]),
      ],
      [
        /record 2 is less than the one before it/, // equal hashes, documents 1 and 0
        (bytes) => {
          bytes.copyWithin(68, 0, 64);
          bytes.set([1, 0, 0, 0], 64);
          bytes.set([0, 0, 0, 0], 132);
          return bytes;
        },
      ],
      [/of document 4294967295, but there are only 4/, (bytes) => bytes.fill(255, 64, 68)],
      [/SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/, (bytes) => bytes.fill(255, 211, 212)],
    ];
    for (const [message, make] of damage) {
      await writeSets(dir, 4);
      await Deno.writeFile(path, make(await Deno.readFile(path)));
      await rejects(findDuplicates({ dir }), { name: "InvalidData", message });
      await rejects(Deno.stat(`${dir}/000000.remove`), Deno.errors.NotFound); // no partial result
    }
    await writeSets(dir, 4);
    const set = JSON.parse(await Deno.readTextFile(`${dir}/00002.json`));
    await Deno.writeTextFile(`${dir}/00002.json`, JSON.stringify({ ...set, recipe: "release" }));
    await rejects(findDuplicates({ dir }), /recipe is current in rank 0 and release in rank 2/);
    for (const text of ["{", "{}", "null"]) {
      await Deno.writeTextFile(`${dir}/00002.json`, text);
      await rejects(findDuplicates({ dir }), { name: "InvalidData", message: /00002\.json/ });
    }
    await Deno.remove(path);
    await rejects(findDuplicates({ dir }));
  }));

Deno.test("findDuplicates() refuses a folder without signatures", () =>
  withFolder(async (dir) => {
    await rejects(findDuplicates({ dir }), /it contains no signatures: sign documents first/);
  }));

Deno.test("sortSignatures() refuses a truncated log", () =>
  withFolder(async (dir) => {
    await writeSets(dir, 1);
    await Deno.truncate(`${dir}/log0`, 5000);
    const set = { ...options, rank: 0, documents: 16, signed: 16 };
    await rejects(sortSignatures({ log: `${dir}/log0`, dir, set, memory: 1e6 }), { name: "InvalidData" });
  }));

Deno.test("findDuplicates() and sortSignatures() end when they are aborted, and leave no result", () =>
  withFolder(async (dir) => {
    await writeSets(dir, 2);
    const signal = AbortSignal.abort(new Error("enough"));
    await rejects(findDuplicates({ dir, signal }), /^Error: enough$/);
    await rejects(Deno.stat(`${dir}/000000.remove`), Deno.errors.NotFound);
    const set = { ...options, rank: 0, documents: 8, signed: 8 };
    await Deno.remove(`${dir}/00000.json`);
    await rejects(sortSignatures({ log: `${dir}/log0`, dir, set, memory: 4000, signal }), /^Error: enough$/);
    await rejects(Deno.stat(`${dir}/00000.json`), Deno.errors.NotFound);
  }));

Deno.test("findDuplicates() may use 512 MiB by default, 8 bytes for each document", () =>
  withFolder(async (dir) => {
    await writeSets(dir, 1);
    const set = JSON.parse(await Deno.readTextFile(`${dir}/00000.json`));
    await Deno.writeTextFile(`${dir}/00000.json`, JSON.stringify({ ...set, documents: 2 ** 26 + 1 }));
    const message = /of 67108865 documents in 536870912 bytes of memory: allow at least 536870920 bytes/;
    await rejects(findDuplicates({ dir }), message);
    await rejects(async () => await dropDuplicates({ dir }).open(context, undefined), message);
  }));

const context = contextWith();
