/**
 * Compiles the AssemblyScript files (`*_wasm.ts` and those of this folder) to kernels.wasm, to kernels_plain.wasm for
 * WASM engines without relaxed SIMD, and to random/normals.wasm, which draws random numbers for any engine. Run
 * `deno task wasm` after a change. The modules are committed, since the compiler takes seconds and 200 MB; a test
 * builds them again and compares.
 *
 * @module
 */
import asc from "assemblyscript/asc";

const kernels = new URL("../", import.meta.url);

const options = [
  "-O3",
  "--noAssert",
  "--runtime=stub", // nothing is ever allocated
  "--memoryBase=32768", // constants, in the first page: the engine leaves its second half to them
  "--use=abort=", // no import of its own
  "--disableWarning=112", // v128 crosses no border: only index.ts exports to JavaScript
];

const engineMemory = [
  "--importMemory",
  "--sharedMemory",
  "--initialMemory=1",
  "--maximumMemory=65536", // 4 GiB in pages of 64 KiB: the memory given may be of any size up to it
];

/** A module: which source it is of, what of WASM it may use, and its memory, as compiler options. */
export interface Build {
  /** The file whose exports are the module's, from kernels/. */
  readonly source: string;
  /** Names with commas between. */
  readonly features: string;
  /** More options. */
  readonly memory: readonly string[];
}

/** What WASM engines with relaxed SIMD have. */
export const engineFeatures = "simd,relaxed-simd,threads";

/** The modules that are committed, from kernels/. */
export const builds: Readonly<Record<string, Build>> = {
  "wasm/kernels.wasm": { source: "wasm/index.ts", features: engineFeatures, memory: engineMemory },
  "wasm/kernels_plain.wasm": { source: "wasm/index.ts", features: "simd,threads", memory: engineMemory },
  // Its own: a page, and room for 65,536 floats.
  "random/normals.wasm": {
    source: "random/normals_wasm.ts",
    features: "simd",
    memory: ["--initialMemory=5", "--maximumMemory=5"],
  },
};

/**
 * The bytes of one of the `builds`, compiled in memory; `entry`: the file whose exports are the module's. Throws Error
 * with the compiler's messages.
 */
export function buildKernels(
  build: string,
  entry: string = builds[build].source,
): Promise<Uint8Array<ArrayBuffer>> {
  return compileSource({ ...builds[build], source: entry });
}

/** The bytes of a module. Throws Error with the compiler's messages. */
export async function compileSource(
  { source, features, memory }: Build,
): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array | undefined;
  const build = "module.wasm";
  const command = [source, `--outFile=${build}`, `--enable=${features}`, ...options, ...memory];
  const { error, stderr } = await asc.main(command, {
    // Imports name files in full, as everywhere in the project; the compiler appends one more ".ts".
    readFile: (name) =>
      Deno.readTextFile(new URL(name.replace(/\.ts\.ts$/, ".ts"), kernels)).catch(() => null),
    writeFile: (name, contents) => {
      if (name === build && typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new Error(`Cannot compile kernels/wasm: ${stderr}`, { cause: error });
  }
  return new Uint8Array(binary);
}

if (import.meta.main) {
  for (const build of Object.keys(builds)) {
    const bytes = await buildKernels(build);
    await Deno.writeFile(new URL(build, kernels), bytes);
    console.error(`${build}: ${bytes.length} bytes`);
  }
}
