/**
 * Benches of MinHash on one core: signatures of State of the Union speeches, made from their words and from
 * their text, and the index of keys seen before. A bench's name contains the number of shingles of one
 * iteration; divide this number by the seconds per iteration to get a rate. Each shingle is hashed 112 times.
 *
 * @module
 */
import { KeyIndex } from "../stages/filter/minhash/key_index.ts";
import { Signer } from "../stages/filter/minhash/signer.ts";
import { from } from "../stages/flow/flow.ts";
import { embedded } from "../stages/source/embedded/embedded.ts";
import { pathOfUrl } from "../stages/disk/paths.ts";

const texts = await Array.fromAsync(from(embedded("sotu", { ordered: true })).stream(), ({ text }) => text);
const signer = await Signer.open({ recipe: "release" });
const words = texts.slice(-20).map((text) => signer.wordsOf(text));
const shinglesOf = (lists: readonly (readonly string[])[]): string => {
  const count = lists.reduce((sum, list) => sum + list.length - 4, 0);
  return `${(count / 1e6).toFixed(3)} million shingles`;
};

Deno.bench(`words to signature: SHA-1, permutations and minima of ${shinglesOf(words)}`, {
  group: "signatures",
  baseline: true,
}, () => {
  for (const list of words) signer.signWords(list);
});
for (const split of ["treebank", "whitespace"] as const) {
  for (const recipe of ["release", "current"] as const) {
    const whole = await Signer.open({ recipe, words: split });
    const shingles = shinglesOf(texts.slice(-20).map((text) => whole.wordsOf(text)));
    Deno.bench(`text to signature, ${recipe}, ${split}: ${shingles}`, { group: "signatures" }, () => {
      for (const text of texts.slice(-20)) whole.sign(text);
    });
  }
}

const signatures = Array.from({ length: 20_000 }, (_, i) => {
  const signature = new Uint8Array(signer.bytes);
  for (let at = 0; at < signature.length; at += 64) new DataView(signature.buffer).setUint32(at, i);
  return signature;
});
const runs = pathOfUrl(new URL("../runs", import.meta.url)); // where `deno bench -P` may write
for (const [name, held] of [["in memory", 2 ** 20], ["in runs on disk", 2 ** 15]] as const) {
  Deno.bench(`20,000 documents, keys ${name}`, { group: "index of keys" }, () => {
    Deno.mkdirSync(runs, { recursive: true });
    const dir = Deno.makeTempDirSync({ dir: runs });
    const index = new KeyIndex({ dir, held });
    for (const signature of signatures) {
      for (const key of signer.keys(signature)) if (!index.has(key)) index.add(key);
    }
    index.close();
    Deno.removeSync(dir, { recursive: true });
  });
}
