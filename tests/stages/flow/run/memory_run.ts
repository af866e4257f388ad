/**
 * The process that the memory test starts. It passes the given number of megabytes of generated text through
 * a flow and prints the peak resident memory in bytes.
 *
 * @module
 */
import { asSource } from "../../../../stages/flow/as_source.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { MemoryCheckpoints } from "../../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { map, rule, stage } from "../../../../stages/flow/stage.ts";

const megabytes = Number(Deno.args[0]);
const page = "The quick brown fox jumps over the lazy dog. ".repeat(Math.ceil((1 << 16) / 45)).slice(
  0,
  1 << 16,
);

const documents = asSource("documents", function* () {
  // Documents of 64 KiB of Latin text, which share no memory.
  for (let i = 0; i < megabytes * 16; i++) yield { id: String(i), bytes: new TextEncoder().encode(page) };
});
const lengths = stage<{ id: string; text: string }, number, { total: number }>({
  name: "lengths",
  open: () => ({ total: 0 }),
  *push({ text }, state) {
    yield state.total += text.length;
  },
});

let total = 0;
const decoder = new TextDecoder();
await from(documents)
  .pipe(map("decode", ({ id, bytes }) => ({ id, text: decoder.decode(bytes) })))
  .pipe(rule("tenth", ({ id }) => (id.endsWith("7") ? "seven" : null)))
  .pipe(lengths, { ahead: 8 })
  .tee((side) => side.pipe(map("side", (length) => length + 1)))
  .pipe(map("sink", (length) => void (total = length)))
  .run({ checkpoints: { commit: () => Promise.resolve(), latest: () => new MemoryCheckpoints().latest() } });
if (total !== megabytes * (1 << 20) * 0.9) throw new Error(`${total} characters came through`);
console.log(peak());

/** Returns the peak resident memory in bytes on Linux, or on other systems the current resident memory. */
function peak(): number {
  if (Deno.build.os !== "linux") return Deno.memoryUsage().rss;
  return Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1]) * 1024;
}
