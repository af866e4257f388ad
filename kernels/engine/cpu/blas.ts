/**
 * A BLAS of the machine's own, by FFI: Accelerate on macOS, OpenBLAS elsewhere. Its sgemm works straight on the CPU
 * engine's shared memory, and on whole vector registers of the processor where WASM has 128 bits of them.
 *
 * @module
 */

/** A library that can be used. */
export interface BlasLibrary {
  /** What to open. */
  readonly path: string;
  /** For people: "OpenBLAS 0.3.21 (Haswell)". */
  readonly name: string;
  /**
   * Whether several threads may call it at once with a part of a product each, and none of its own threads. Otherwise
   * one thread calls it and it brings the others itself.
   */
  readonly concurrent: boolean;
}

/** C = A B by rows, or C += A B; addresses are of the process. */
export interface SgemmArguments {
  /** Rows of C. */
  readonly m: number;
  /** Columns of C. */
  readonly n: number;
  /** Terms of a sum. */
  readonly k: number;
  /** 1: A is [k, m]. */
  readonly transA: number;
  /** 1: B is [n, k]. */
  readonly transB: number;
  /** Address of A. */
  readonly a: number;
  /** Address of B. */
  readonly b: number;
  /** Address of C. */
  readonly c: number;
  /** 1: the product is added to C. */
  readonly add: number;
  /** Floats from a row of A to the next. */
  readonly lda: number;
  /** The same of B. */
  readonly ldb: number;
  /** The same of C. */
  readonly ldc: number;
}

/** An open library. */
export interface Blas extends Disposable {
  /** One product. */
  sgemm(product: SgemmArguments): void;
  /** As in FoundBlas. */
  readonly name: string;
  /** As in FoundBlas. */
  readonly concurrent: boolean;
}

const ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112; // cblas.h
const PTHREADS = 1, OPENMP = 2; // openblas_get_parallel()

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
 * The library for `--blas`. "off": null. "auto": the system's, null where there is none or FFI is not permitted. Else
 * the path of one: throws Deno.errors.NotCapable without the permission, Deno.errors.NotFound where it cannot be used.
 */
export async function findBlas(which: string): Promise<BlasLibrary | null> {
  if (which === "off") return null;
  if (which !== "auto") {
    if (!await permitted(which)) {
      throw new Deno.errors.NotCapable(
        `Cannot use BLAS ${which}: calling native code is not permitted: run it by deno task native, or add --allow-ffi`,
      );
    }
    return tryOut(which);
  }
  for (const path of systemLibraries(Deno.build.os)) {
    if (!await permitted(path)) continue;
    try {
      return tryOut(path);
    } catch {
      continue; // not there, or not a BLAS: WASM multiplies as well
    }
  }
  return null;
}

/** Opens a library on this thread. Throws Deno.errors.NotFound where it cannot be used. */
export function openBlas(path: string): Blas {
  let library: Deno.DynamicLibrary<typeof symbols>;
  try {
    library = Deno.dlopen(path, symbols);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Deno.errors.NotFound(
      `Cannot use BLAS ${path}: ${reason}: on Debian install libopenblas0, or go on with --blas off`,
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
  // A build without threads has no locks either; a library that cannot be told decides for itself.
  const shared = setThreads !== null && (kind === PTHREADS || kind === OPENMP);
  if (shared) setThreads(1);
  const version = text(config?.()).split(" ").slice(0, 2).join(" "), processor = text(core?.());
  return {
    name: version === "" ? path.replace(/^.*[/\\]/, "") : `${version} (${processor})`,
    concurrent: shared,
    sgemm: ({ m, n, k, transA, transB, a, b, c, add, lda, ldb, ldc }) =>
      sgemm(
        ROW_MAJOR,
        transA === 0 ? AS_IS : TRANSPOSED,
        transB === 0 ? AS_IS : TRANSPOSED,
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

/** The process's address of a memory's first byte; it stays as long as the memory does not grow. */
export function baseAddress(memory: WebAssembly.Memory): number {
  // A view of one byte: longer ones than 2 GiB are refused.
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory.buffer, 0, 1))));
}

/** Where a BLAS is on a system, best first. */
function systemLibraries(os: typeof Deno.build.os): readonly string[] {
  switch (os) {
    case "darwin":
      return ["/System/Library/Frameworks/Accelerate.framework/Accelerate"];
    case "windows":
      return ["libopenblas.dll", "openblas.dll"];
    default:
      return ["libopenblas.so.0", "libopenblas.so"];
  }
}

async function permitted(path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "ffi", path })).state === "granted";
}

/** Opens a library and has it multiply once. */
function tryOut(path: string): BlasLibrary {
  using blas = openBlas(path);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const base = baseAddress(memory), numbers = new Float32Array(memory.buffer);
  numbers.set([1, 2, 3, 4, 5, 6, 7, 8]);
  const sizes = { m: 2, n: 2, k: 2, transA: 0, transB: 1, add: 0, lda: 2, ldb: 2, ldc: 2 };
  blas.sgemm({ ...sizes, a: base, b: base + 16, c: base + 32 });
  const got = [...numbers.subarray(8, 12)], wanted = [17, 23, 39, 53];
  if (String(got) !== String(wanted)) {
    throw new Deno.errors.NotFound(`Cannot use BLAS ${path}: a product came out as ${got}, wanted ${wanted}`);
  }
  return { path, name: blas.name, concurrent: blas.concurrent };
}

function text(pointer: Deno.PointerValue | undefined): string {
  return pointer ? Deno.UnsafePointerView.getCString(pointer) : "";
}
