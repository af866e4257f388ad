import {
  bool,
  decimal,
  dictionary,
  float64,
  int64,
  list,
  map,
  struct,
  tableFromArrays,
  tableToIPC,
  timestamp,
  utf8,
} from "@uwdata/flechette";
import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { arrowFile } from "../../../../stages/source/files/arrow.ts";
import { openSource } from "../../../../stages/source/uri.ts";
import { read, resumesAnywhere, withFolder } from "../source_checks.ts";

const table = tableFromArrays({
  text: ["a", "b", "c"],
  id: [1n, 2n ** 53n + 1n, 3n],
  date: [new Date(1704164645120), null, new Date(0)],
  price: [12.34, null, 0.1],
  meta: [{ tags: ["x", null], ok: true }, null, { tags: [], ok: false }],
  pairs: [[["k", 1]], [], null],
  kind: ["p", "q", "p"],
}, {
  types: {
    text: utf8(),
    id: int64(),
    date: timestamp(2),
    price: decimal(18, 2),
    meta: struct({ tags: list(utf8()), ok: bool() }),
    pairs: map(utf8(), float64()),
    kind: dictionary(utf8()),
  },
});

function bytesOf(format: "stream" | "file", from = table): Uint8Array<ArrayBuffer> {
  const bytes = tableToIPC(from, { format });
  ok(bytes !== null);
  return new Uint8Array(bytes);
}

Deno.test("arrowFile() reads files and streams, with nested values, times and exact integers", () =>
  withFolder(async (path) => {
    for (const format of ["stream", "file"] as const) {
      const file = path(`${format}.arrow`, bytesOf(format));
      const docs = await resumesAnywhere(() => arrowFile(file));
      deepStrictEqual(docs.map(({ filePath: _, ...doc }) => doc), [
        {
          id: "1",
          text: "a",
          date: "2024-01-02T03:04:05.12Z",
          metadata: { price: 12.34, meta: { tags: ["x", null], ok: true }, pairs: { k: 1 }, kind: "p" },
        },
        { id: "9007199254740993", text: "b", metadata: { price: null, meta: null, pairs: {}, kind: "q" } },
        {
          id: "3",
          text: "c",
          date: "1970-01-01T00:00:00Z",
          metadata: { price: 0.1, meta: { tags: [], ok: false }, pairs: null, kind: "p" },
        },
      ]);
    }
    const other = path("other.arrow", bytesOf("stream", tableFromArrays({ body: ["x"], key: [7] })));
    deepStrictEqual(
      (await read(arrowFile(other, { textKey: "body", idKey: "key" }))).items.map((
        { id, text },
      ) => [id, text]),
      [["7", "x"]],
    );
    await rejects(read(arrowFile(other)), /no column "text": its columns are body, key: give --text-key/);
  }));

Deno.test("arrowFile() checks lengths before it allocates anything", () =>
  withFolder(async (path) => {
    const bytes = bytesOf("stream");
    const refused = async (name: string, content: Uint8Array, message: RegExp) => {
      const file = path(name, content);
      await rejects(read(arrowFile(file)), message);
      const { dropped } = await read(arrowFile(file, { damaged: "skip" }));
      deepStrictEqual(dropped, ["damaged"], name);
    };
    const changed = (at: number, value: number) => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setUint32(at, value, true);
      return copy;
    };
    await refused("cut.arrow", bytes.subarray(0, bytes.length - 100), /ends within a message/);
    await refused("header.arrow", changed(4, 0x7FFFFFF0), /a message's header has 2147483632 bytes/);
    await refused("root.arrow", changed(8, 0x7FFFFFF0), /as Arrow: .*: fetch the file again/);
    await refused(
      "text.arrow",
      new TextEncoder().encode("this is no Arrow file at all, but some text"),
      /as Arrow/,
    );
  }));

Deno.test("openSource() reads a folder of save_to_disk(), and no file that describes it", () =>
  withFolder(async (path) => {
    const home = path("dataset_dict.json", '{"splits": ["train", "test"]}').replace("/dataset_dict.json", "");
    for (const [split, parts] of [["test", ["x"]], ["train", ["a", "b"]]] as const) {
      await Deno.mkdir(`${home}/${split}`);
      path(`${split}/state.json`, '{"_data_files": []}');
      path(`${split}/dataset_info.json`, '{"features": {}}');
      parts.forEach((text, i) =>
        path(
          `${split}/data-0000${i}-of-0000${parts.length}.arrow`,
          bytesOf("stream", tableFromArrays({ text: [text] })),
        )
      );
    }
    path("README.md", "# A card");
    const docs = await resumesAnywhere(() => openSource([home]));
    deepStrictEqual(docs.map(({ text }) => text), ["x", "a", "b"]);
    deepStrictEqual((await read(await openSource([`${home}/train`]))).items.length, 2);
  }));
