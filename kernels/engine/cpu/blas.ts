/**
 * The machine's BLAS, called through FFI: Accelerate on macOS, OpenBLAS elsewhere. Its sgemm works directly
 * on the CPU engine's shared memory, and uses the processor's full vector width, while WASM is limited to
 * 128 bits.
 *
 * @module
 */
import { blasLibraries } from "./blas_libraries.ts";

/** A BLAS library that was found and tested. */
export interface BlasLibrary {
  /** Path of the library, or a name under which the system finds it. */
  readonly path: string;
  /** Name to show to users, such as "OpenBLAS 0.3.21 (Haswell)". */
  readonly name: string;
  /**
   * Whether several threads may call the library at the same time, each for a part of a product; the library
   * then starts no threads of its own. Otherwise only one thread calls it, and the library uses its own
   * threads.
   */
  readonly concurrent: boolean;
}

/**
 * The matrix product `C = A·B` or `C += A·B` of row-major matrices; addresses are addresses in the process,
 * not in WASM memory.
 */
export interface SgemmArguments {
  /** Number of rows of C. */
  readonly m: number;
  /** Number of columns of C. */
  readonly n: number;
  /** Inner size: number of columns of A and of rows of B. */
  readonly k: number;
  /** 1 if A is stored transposed, as [k, m]; otherwise 0. */
  readonly transA: number;
  /** 1 if B is stored transposed, as [n, k]; otherwise 0. */
  readonly transB: number;
  /** Address of A. */
  readonly a: number;
  /** Address of B. */
  readonly b: number;
  /** Address of C. */
  readonly c: number;
  /** 1 to add the product to C; 0 to overwrite C. */
  readonly add: number;
  /** Distance from one row of A to the next, in floats. */
  readonly lda: number;
  /** Distance from one row of B to the next, in floats. */
  readonly ldb: number;
  /** Distance from one row of C to the next, in floats. */
  readonly ldc: number;
}

/** An open BLAS library. */
export interface Blas extends Disposable {
  /** Computes one product. */
  sgemm(product: SgemmArguments): void;
  /** Name to show to users, as in BlasLibrary. */
  readonly name: string;
  /** Whether several threads may call the library at the same time, as in BlasLibrary. */
  readonly concurrent: boolean;
}

const ROW_MAJOR = 101, NOT_TRANSPOSED = 111, TRANSPOSED = 112; // from cblas.h
const PTHREADS = 1, OPENMP = 2; // results of openblas_get_parallel()

const symbols = {
  cblas_sgemm: {
    parameters: [
      "i32",
      "i32",
      "i32",
      "i32",
      "i32",
      "i32",
      "f32",
      "usize",
      "i32",
      "usize",
      "i32",
      "f32",
      "usize",
      "i32",
    ],
    result: "void",
  },
  openblas_set_num_threads: { parameters: ["i32"], result: "void", optional: true },
  openblas_get_parallel: { parameters: [], result: "i32", optional: true },
  openblas_get_config: { parameters: [], result: "pointer", optional: true },
  openblas_get_corename: { parameters: [], result: "pointer", optional: true },
} as const;

/**
 * Finds the library that `--blas` names: null for "off"; for "auto" the system's library, or null if there is
 * none or FFI is not permitted. Any other value is the path of a library; throws Deno.errors.NotCapable if
 * FFI is not permitted, and Deno.errors.NotFound if the library cannot be used.
 */
export async function findBlas(which: string): Promise<BlasLibrary | null> {
  if (which === "off") return null;
  if (which !== "auto") {
    if (!await permitted(which)) {
      throw new Deno.errors.NotCapable(
        `Cannot use BLAS ${which}: calling native code is not permitted: run it with deno task native, or add --allow-ffi`,
      );
    }
    return test(which);
  }
  for (const { name: path } of blasLibraries(Deno.build.os)) {
    if (!await permitted(path)) continue;
    try {
      return test(path);
    } catch {
      continue; // not installed or not a BLAS: the WASM kernels are used instead
    }
  }
  return null;
}

/** Opens a library on this thread. Throws Deno.errors.NotFound if the library cannot be used. */
export function openBlas(path: string): Blas {
  let library: Deno.DynamicLibrary<typeof symbols>;
  try {
    library = Deno.dlopen(path, symbols);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Deno.errors.NotFound(
      `Cannot use BLAS ${path}: ${reason}: install a BLAS (libopenblas0 on Debian), or use --blas off`,
      { cause },
    );
  }
  const {
    cblas_sgemm: sgemm,
    openblas_set_num_threads: setThreads,
    openblas_get_parallel: parallel,
    openblas_get_config: config,
    openblas_get_corename: core,
  } = library.symbols;
  const kind = parallel?.() ?? 0;
  // An OpenBLAS built without threads has no locks, and other libraries offer no way to turn their threads
  // off.
  const concurrent = setThreads !== null && (kind === PTHREADS || kind === OPENMP);
  if (concurrent) setThreads(1);
  const version = text(config?.()).split(" ").slice(0, 2).join(" "), processor = text(core?.());
  return {
    name: version === "" ? path.replace(/^.*[/\\]/, "") : `${version} (${processor})`,
    concurrent,
    sgemm: ({ m, n, k, transA, transB, a, b, c, add, lda, ldb, ldc }) =>
      sgemm(
        ROW_MAJOR,
        transA === 0 ? NOT_TRANSPOSED : TRANSPOSED,
        transB === 0 ? NOT_TRANSPOSED : TRANSPOSED,
        m,
        n,
        k,
        1,
        BigInt(a),
        lda,
        BigInt(b),
        ldb,
        add,
        BigInt(c),
        ldc,
      ),
    [Symbol.dispose]: () => library.close(),
  };
}

/**
 * Returns the address, in the process, of a memory's first byte; it is valid as long as the memory does not
 * grow.
 */
export function baseAddress(memory: WebAssembly.Memory): number {
  // One byte is enough, and Deno refuses views longer than 2 GiB.
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory.buffer, 0, 1))));
}

async function permitted(path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "ffi", path })).state === "granted";
}

/** Opens a library and checks the result of one product. */
function test(path: string): BlasLibrary {
  const blas = openBlas(path);
  try { // no `using` declaration, which not all browsers parse
    checkProduct(blas, path);
    return { path, name: blas.name, concurrent: blas.concurrent };
  } finally {
    blas[Symbol.dispose]();
  }
}

function checkProduct(blas: Blas, path: string): void {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const base = baseAddress(memory), numbers = new Float32Array(memory.buffer);
  numbers.set([1, 2, 3, 4, 5, 6, 7, 8]);
  const sizes = { m: 2, n: 2, k: 2, transA: 0, transB: 1, add: 0, lda: 2, ldb: 2, ldc: 2 };
  blas.sgemm({ ...sizes, a: base, b: base + 16, c: base + 32 });
  const got = [...numbers.subarray(8, 12)], wanted = [17, 23, 39, 53];
  if (String(got) !== String(wanted)) {
    throw new Deno.errors.NotFound(`Cannot use BLAS ${path}: a test product gave ${got}, wanted ${wanted}`);
  }
}

function text(pointer: Deno.PointerValue | undefined): string {
  return pointer ? Deno.UnsafePointerView.getCString(pointer) : "";
}
