import { type Line, lines } from "../../../../stages/format/text/lines.ts";

const encoder = new TextEncoder();

async function* pieces(bytes: Uint8Array<ArrayBuffer>, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(text: string, size: number, limit = 1 << 20): Promise<Line[]> {
  const found: Line[] = [];
  for await (const line of lines(pieces(encoder.encode(text), size), { limit })) found.push(line);
  return found;
}

Deno.test("lines() gives the same lines and offsets for chunks of any size", async () => {
  const text = "one\r\ntwo é\n\n😀 four\nlast";
  for (const size of [1, 2, 3, 7, 100]) {
    const found = await all(text, size);
    const shown = found.map((line) => new TextDecoder().decode(line.bytes));
    if (shown.join("|") !== "one|two é||😀 four|last") throw new Error(`${size}: ${shown}`);
    if (found.map((line) => line.end).join() !== "5,12,13,23,27") {
      throw new Error(`${found.map((line) => line.end)}`);
    }
    if (!found.every((line) => line.complete)) throw new Error("A line is not complete");
  }
  if ((await all("", 1)).length + (await all("\n", 1)).length !== 1) {
    throw new Error("Empty files have lines");
  }
});

Deno.test("lines() splits a long line between characters and loses nothing", async () => {
  const text = `${"é😀a".repeat(50)}\nshort\n`;
  for (const size of [1, 2, 3, 5, 64, 1000]) {
    for (const limit of [4, 5, 7, 100]) {
      let shown = "";
      for (const line of await all(text, size, limit)) {
        if (line.bytes.length > limit + 3) throw new Error(`${line.bytes.length} bytes, limit ${limit}`);
        shown += new TextDecoder("utf-8", { fatal: true }).decode(line.bytes) + (line.complete ? "\n" : "");
      }
      if (shown !== text) throw new Error(`size ${size}, limit ${limit}: ${shown}`);
    }
  }
});
