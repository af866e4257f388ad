import { readJsonl } from "../../../stages/format/jsonl.ts";

async function* bytes(text: string) {
  yield new TextEncoder().encode(text);
}

Deno.test("readJsonl() gives values with line numbers and the place after each", async () => {
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
