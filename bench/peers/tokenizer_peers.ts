/**
 * Compares encoding and decoding with npm gpt-tokenizer on the 10.8 MB of speeches that are installed with
 * the program. Both alternate in rounds; prints the median speeds and the median of the ratios of a round's
 * times. Ids and texts are first compared. A decoded text is read, so that V8 joins its parts.
 *
 *     deno run -A --lock=deno.lock --frozen bench/peers/tokenizer_peers.ts [--rounds 21]
 *
 * @module
 */
import { decode as decodeR50k, encode as encodeR50k } from "gpt-tokenizer/encoding/r50k_base";
import { decode as decodeO200k, encode as encodeO200k } from "gpt-tokenizer/encoding/o200k_base";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseArgs } from "node:util";
import { from } from "../../stages/flow/flow.ts";
import { embedded } from "../../stages/source/embedded/embedded.ts";
import { openAiTokenizer } from "../../stages/token/files/openai_vocabularies.ts";
import { median } from "./median.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "21" } } });
const rounds = Number(values.rounds);
let characters = 0; // read from decoded texts
const texts = await Array.fromAsync(
  from(embedded("sotu", { ordered: true })).stream(),
  ({ text }) => text,
);
const megabytes = texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0) / 1e6;

for (
  const [name, encodeOther, decodeOther] of [
    ["gpt2", encodeR50k, decodeR50k],
    ["o200k", encodeO200k, decodeO200k],
  ] as const
) {
  const own = await openAiTokenizer(name);
  const ids = texts.map((text) => own.encodeOrdinary(text)), lists = ids.map((each) => [...each]);
  texts.forEach((text, i) => {
    deepStrictEqual(encodeOther(text), lists[i]);
    strictEqual(own.decode(ids[i]), text);
    strictEqual(decodeOther(lists[i]), text);
  });
  compare(`encode, ${name}`, {
    own: () => seconds(() => texts.forEach((text) => own.encodeOrdinary(text))),
    other: () => seconds(() => texts.forEach((text) => encodeOther(text))),
  });
  compare(`decode, ${name}`, {
    own: () => seconds(() => ids.forEach((each) => read(own.decode(each)))),
    other: () => seconds(() => lists.forEach((each) => read(decodeOther(each)))),
  });
}

function compare(
  what: string,
  { own, other }: { readonly own: () => number; readonly other: () => number },
): void {
  const pairs = Array.from({ length: rounds + 2 }, (_, round) => {
    if (round % 2 === 0) return [own(), other()];
    const theirs = other();
    return [own(), theirs];
  }).slice(2); // the first two rounds warm up
  const speed = (i: number): string =>
    `${(megabytes / median(pairs.map((pair) => pair[i]))).toFixed(0)} MB/s`;
  const ratio = median(pairs.map(([mine, theirs]) => theirs / mine));
  console.log(`${what}: ${speed(0)}; gpt-tokenizer: ${speed(1)}; median of the ratios ${ratio.toFixed(2)}`);
}

function seconds(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

function read(text: string): void {
  characters += text.charCodeAt(text.length - 1);
}

if (characters === 0) throw new Error("Nothing was decoded");
