/**
 * Compiles the AssemblyScript of this folder to ../minhash.wasm: `deno task wasm` after a change. The result is
 * committed, since the compiler takes seconds and 200 MB; a test builds it again and compares.
 *
 * @module
 */
import asc from "assemblyscript/asc";

const options = [
  "index.ts",
  "--outFile=minhash.wasm",
  "-O3",
  "--noAssert",
  "--runtime=stub", // nothing is ever allocated
  "--initialMemory=17", // 1 MiB of text beside the first page; grown by who needs more
  "--use=abort=",
];

/** The bytes of minhash.wasm, compiled in memory. Throws Error with the compiler's messages. */
export async function buildMinhash(): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(options, {
    readFile: (name) =>
      Deno.readTextFile(new URL(name.replace(/\.ts\.ts$/, ".ts"), import.meta.url)).catch(() => null),
    writeFile: (_name, contents) => {
      if (typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new Error(`Cannot compile stages/filter/minhash/wasm: ${stderr}`, { cause: error });
  }
  return new Uint8Array(binary);
}

if (import.meta.main) {
  const bytes = await buildMinhash();
  await Deno.writeFile(new URL("../minhash.wasm", import.meta.url), bytes);
  console.error(`minhash.wasm: ${bytes.length} bytes`);
}
