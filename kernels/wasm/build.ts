/**
 * Compiles the AssemblyScript files (`*_wasm.ts` and those of this folder) to kernels.wasm.base64, to
 * kernels_plain.wasm.base64 for WASM engines without relaxed SIMD, and to random/normals.wasm and
 * dist/sum.wasm, which any engine uses. Run `deno task wasm` after a change. The modules are committed
 * because the compiler is 100 MB of packages and takes about ten seconds; a test compares them with a new
 * build.
 *
 * The kernels are base64 because an import of a WASM module instantiates it, while each thread of the CPU
 * engine instantiates the kernels itself on the memory of its session. Base64 can be imported as text.
 *
 * @module
 */
import asc from "assemblyscript/asc";
import { ops } from "../ops/list.ts";
import { elementwiseKernels } from "./elementwise_build.ts";

const kernels = new URL("../", import.meta.url);

const options = [
  "-O3",
  "--noAssert",
  "--runtime=stub", // the kernels allocate no memory
  "--memoryBase=32768", // address of constants; the engine reserves the second half of the first page
  "--use=abort=", // imports nothing but the memory
  "--disableWarning=112", // v128 in an exported function is fine: JavaScript calls only exports of index.ts
];

const engineMemory = [
  "--importMemory",
  "--sharedMemory",
  "--initialMemory=1",
  "--maximumMemory=65536", // 4 GiB in pages of 64 KiB, the largest memory that the engine may import
];

/** How a module is compiled. */
export interface Build {
  /** Source file, as a path relative to kernels/. The module has the same exports as this file. */
  readonly source: string;
  /** WASM features that the code may use, separated by commas. */
  readonly features: string;
  /** Compiler options for the memory. */
  readonly memory: readonly string[];
}

/** Features of WASM engines that have relaxed SIMD. */
export const engineFeatures = "simd,relaxed-simd,threads";

/** The committed modules, as base64 where the name says so, keyed by path relative to kernels/. */
export const builds: Readonly<Record<string, Build>> = {
  "wasm/kernels.wasm.base64": { source: "wasm/index.ts", features: engineFeatures, memory: engineMemory },
  "wasm/kernels_plain.wasm.base64": {
    source: "wasm/index.ts",
    features: "simd,threads",
    memory: engineMemory,
  },
  // These modules have their own memory: one page, plus four pages for 65,536 floats.
  "random/normals.wasm": {
    source: "random/normals_wasm.ts",
    features: "simd",
    memory: ["--initialMemory=5", "--maximumMemory=5"],
  },
  // One page, plus 128 for 2^21 floats.
  "dist/sum.wasm": {
    source: "dist/sum_wasm.ts",
    features: "simd",
    memory: ["--initialMemory=129", "--maximumMemory=129"],
  },
};

/**
 * Compiles one of the `builds` and returns its bytes. `entry` is the source file; default: that of the build.
 * Throws Error with the compiler's messages.
 */
export function buildKernels(
  build: string,
  entry: string = builds[build].source,
): Promise<Uint8Array<ArrayBuffer>> {
  return compileSource({ ...builds[build], source: entry });
}

/**
 * Functions that return a vector. They are inlined everywhere: a call inside a loop would cost as much as the
 * function, and would keep V8 from fusing two vectors into one of 256 bits (see elementwise_build.ts). The
 * decorator is added here because TypeScript's formatter knows none on functions.
 */
const vectorFunction = /^(export )?function \w+\([^)]*\): v128 \{/gm;

/** Compiles a module and returns its bytes. Throws Error with the compiler's messages. */
export async function compileSource(
  { source, features, memory }: Build,
): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array | undefined;
  const build = "module.wasm";
  const command = [source, `--outFile=${build}`, `--enable=${features}`, ...options, ...memory];
  const { error, stderr } = await asc.main(command, {
    // Imports have file extensions, as everywhere in the project; the compiler appends another ".ts".
    readFile: async (name) => {
      const file = name.replace(/\.ts\.ts$/, ".ts");
      const text = await Deno.readTextFile(new URL(file, kernels)).catch(() => null);
      if (text === null) return null;
      const inlined = text.replace(vectorFunction, "@inline $&");
      return file === "wasm/index.ts" ? inlined + elementwiseKernels(ops) : inlined;
    },
    writeFile: (name, contents) => {
      if (name === build && typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) {
    throw new Error(`Cannot compile ${source}: ${stderr}`, { cause: error });
  }
  return new Uint8Array(binary);
}

if (import.meta.main) {
  for (const build of Object.keys(builds)) {
    const bytes = await buildKernels(build);
    const path = new URL(build, kernels);
    if (!build.endsWith(".base64")) await Deno.writeFile(path, bytes);
    else await Deno.writeTextFile(path, bytes.toBase64().replace(/.{1,100}/g, "$&\n"));
    console.error(`${build}: ${bytes.length} bytes`);
  }
}
