import { strictEqual } from "node:assert/strict";
import { OrderedOutput } from "../../../pipelines/parts/ordered_output.ts";

Deno.test("OrderedOutput prints the first text as it arrives, and each other text when it is its turn", () => {
  let shown = "";
  const texts = new OrderedOutput(3, (text) => shown += text, (text) => `[${text}]`);
  texts.add(0, "a");
  texts.add(1, "x");
  texts.add(2, "u");
  strictEqual(shown, "[0]a");
  texts.end(1);
  texts.add(0, "b");
  strictEqual(shown, "[0]ab");
  texts.end(0);
  strictEqual(shown, "[0]ab\n[1]x\n[2]u");
  texts.add(2, "v");
  texts.close();
  strictEqual(shown, "[0]ab\n[1]x\n[2]uv\n");
});
