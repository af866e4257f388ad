/**
 * Reads one item of a stream through `parallel` and leaves the stream open. parallel_test.ts starts this
 * script, which must end by itself.
 *
 * @module
 */
import { asSource } from "../../../../stages/flow/as_source.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { parallel } from "../../../../stages/flow/parallel/parallel.ts";
import type { Letter } from "./letters_group.ts";

const module = new URL("./letters_group.ts", import.meta.url).href;
const many = Array.from({ length: 700 }, (_, value) => ({ id: `letter-${value}`, value }));
const stage = parallel<Letter, Letter>({ module, group: "letters", options: {} }, {
  workers: 2,
  ...(Deno.args.includes("limit") && { limit: { milliseconds: 60_000, reason: "timeout" } }),
});
const stream = from(asSource("letters in", () => many)).pipe(stage).stream()[Symbol.asyncIterator]();
const { value } = await stream.next();
console.log(value.id);
