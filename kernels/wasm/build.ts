/**
 * Compiles the AssemblyScript of this folder to kernels.wasm: run it with `deno run -A kernels/wasm/build.ts` after a
 * change. The result is committed, since the compiler takes seconds and 200 MB; a test builds it again and compares.
 *
 * @module
 */
import asc from "assemblyscript/asc";

const options = [
  "-O3",
  "--noAssert",
  "--runtime=stub", // nothing is ever allocated
  "--enable=simd,relaxed-simd,threads",
  "--importMemory",
  "--sharedMemory",
  "--initialMemory=1",
  "--maximumMemory=65536", // 4 GiB in pages of 64 KiB: the memory given may be of any size up to it
  "--memoryBase=32768", // constants, in the first page: the engine leaves its second half to them
  "--use=abort=", // no import of its own
  "--disableWarning=112", // v128 crosses no border: only index.ts exports to JavaScript
];

/** The module's bytes, compiled in memory. Throws Error with the compiler's messages. */
export async function buildKernels(): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(["index.ts", "--outFile=kernels.wasm", ...options], {
    // Imports name files in full, as everywhere in the project; the compiler appends one more ".ts".
    readFile: (name) =>
      Deno.readTextFile(new URL(name.replace(/\.ts\.ts$/, ".ts"), import.meta.url)).catch(() => null),
    writeFile: (name, contents) => {
      if (name === "kernels.wasm" && typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new Error(`Cannot compile kernels/wasm: ${stderr}`, { cause: error });
  }
  return new Uint8Array(binary);
}

if (import.meta.main) {
  const bytes = await buildKernels();
  await Deno.writeFile(new URL("kernels.wasm", import.meta.url), bytes);
  console.error(`kernels.wasm: ${bytes.length} bytes`);
}
