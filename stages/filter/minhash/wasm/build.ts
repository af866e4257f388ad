/**
 * Compiles the AssemblyScript of this folder to ../minhash.wasm.base64. Run `deno task wasm` after a change.
 * The result is committed, because the compiler takes seconds and 200 MB of memory; a test compiles it again
 * and compares the results. It is base64 so that it can be imported as text, without reading files.
 *
 * @module
 */
import asc from "assemblyscript/asc";

const options = [
  "index.ts",
  "--outFile=minhash.wasm",
  "-O3",
  "--noAssert",
  "--runtime=stub", // the module allocates no objects
  "--initialMemory=17", // pages: one for the tables, 1 MiB for text; the caller grows it for a longer text
  "--use=abort=",
];

/** Compiles the module in memory and returns its bytes. Throws Error with the compiler's messages. */
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
  await Deno.writeTextFile(
    new URL("../minhash.wasm.base64", import.meta.url),
    bytes.toBase64().replace(/.{1,100}/g, "$&\n"),
  );
  console.error(`minhash.wasm.base64: ${bytes.length} bytes`);
}
