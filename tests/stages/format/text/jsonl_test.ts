import { readJsonl, type UnreadableLine } from "../../../../stages/format/text/jsonl.ts";

async function* bytes(text: string) {
  yield new TextEncoder().encode(text);
}

Deno.test("readJsonl() gives each value with its line number and the position after it", async () => {
  const found: string[] = [];
  for await (const { value, line, next } of readJsonl(bytes('{"a":1}\n\n[2]\r\n3'), { name: "x" })) {
    found.push(`${JSON.stringify(value)} ${line} ${next.offset} ${next.line}`);
  }
  const wanted = '{"a":1} 1 8 1|[2] 3 14 3|3 4 15 4';
  if (found.join("|") !== wanted) throw new Error(found.join("|"));
});

Deno.test("readJsonl() refuses a line beyond the limit", async () => {
  try {
    for await (const _ of readJsonl(bytes(`1\n"${"x".repeat(100)}"\n`), { name: "x.jsonl", limit: 50 }));
  } catch (error) {
    if (error instanceof RangeError && error.message.includes("line 2 of x.jsonl (byte 2)")) return;
    throw error;
  }
  throw new Error("Accepted");
});

Deno.test("readJsonl() skips a line of any length within the limit's memory, and counts it once", async () => {
  const chunk = new Uint8Array(1 << 16).fill(97);
  const input = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield new TextEncoder().encode('{"text":"one"}\n');
    for (let i = 0; i < 3200; i++) yield chunk; // 200 MB
    yield new TextEncoder().encode('\n{"text":"two"}\n');
  };
  const values: unknown[] = [], bad: unknown[] = [];
  const onUnreadable = (error: Error, { line, next, reason }: UnreadableLine) =>
    bad.push([error.name, line, next.offset, reason]);
  for await (
    const { value, line } of readJsonl(input(), { name: "a", limit: 1 << 20, onUnreadable })
  ) {
    values.push([value, line]);
  }
  const wanted = [[{ text: "one" }, 1], [{ text: "two" }, 3]];
  if (JSON.stringify(values) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(values));
  const lost = [["RangeError", 2, 15 + 3200 * 65536 + 1, "too_long"]];
  if (JSON.stringify(bad) !== JSON.stringify(lost)) throw new Error(JSON.stringify(bad));
});

Deno.test("readJsonl() refuses a line with too many values before parsing it", async () => {
  const line = new TextEncoder().encode(`[${"{},".repeat(1 << 20)}1]\n`);
  const bad: string[] = [];
  const onUnreadable = (error: Error) => bad.push(error.message);
  for await (
    const _ of readJsonl(
      (async function* () {
        yield line;
      })(),
      { name: "a", onUnreadable },
    )
  );
  if (!bad[0]?.includes("more than 1048576 values")) throw new Error(`Got ${bad}`);
});
