/**
 * The machine's MPI library, called through FFI: Open MPI, MPICH, or any library with the binary interface
 * of MPI 5. A header file says what handles and constants are, so this one says it for each of the three.
 *
 * @module
 */

/** A library, and the values that its header gives to names. */
export interface MpiLibrary {
  /** Name to show to users: "Open MPI 4.1.4". */
  readonly name: string;
  /** Functions of MPI. */
  readonly call: Deno.DynamicLibrary<typeof functions>["symbols"];
  /** MPI_COMM_WORLD. */
  readonly world: bigint;
  /** MPI_FLOAT. */
  readonly float: bigint;
  /** MPI_SUM. */
  readonly add: bigint;
  /** MPI_IN_PLACE. */
  readonly inPlace: bigint;
  /** MPI_STATUS_IGNORE. */
  readonly ignoreStatus: bigint;
  /** MPI_THREAD_SERIALIZED and MPI_THREAD_MULTIPLE. */
  readonly threads: { readonly serialized: number; readonly multiple: number };
  /** Whether MPI_Finalize may hang unless all processes call it at the same time: MPICH before 4.2. */
  readonly endsTogether: boolean;
}

/** An error of MPI, or of how the processes were started. */
export class MpiError extends Error {
  /** The name of the class. */
  override readonly name = "MpiError";
}

/**
 * MPI's functions. Addresses and handles are `usize`: Open MPI's handles are pointers, MPICH's are 32-bit
 * numbers, which a function finds in the lower half of a 64-bit argument. Functions that wait for other
 * processes run off the event loop: what they wait for may never come.
 */
const functions = {
  MPI_Init_thread: { parameters: ["usize", "usize", "i32", "buffer"], result: "i32" },
  /** Of the C library: ends the process by a signal after a number of seconds; 0 takes that back. */
  alarm: { parameters: ["u32"], result: "u32" },
  MPI_Finalize: { parameters: [], result: "i32", nonblocking: true },
  MPI_Abort: { parameters: ["usize", "i32"], result: "i32" },
  abortAside: { name: "MPI_Abort", parameters: ["usize", "i32"], result: "i32", nonblocking: true },
  MPI_Comm_rank: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Comm_size: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Get_library_version: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Ibarrier: { parameters: ["usize", "buffer"], result: "i32" },
  MPI_Ibcast: { parameters: ["usize", "i32", "usize", "i32", "usize", "buffer"], result: "i32" },
  MPI_Ialltoall: {
    parameters: ["usize", "i32", "usize", "usize", "i32", "usize", "usize", "buffer"],
    result: "i32",
  },
  MPI_Iallgather: {
    parameters: ["usize", "i32", "usize", "usize", "i32", "usize", "usize", "buffer"],
    result: "i32",
  },
  MPI_Iallreduce: {
    parameters: ["usize", "usize", "i32", "usize", "usize", "usize", "buffer"],
    result: "i32",
  },
  MPI_Test: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
  MPI_Bcast: {
    parameters: ["usize", "i32", "usize", "i32", "usize"],
    result: "i32",
    nonblocking: true,
  },
  MPI_Allreduce: {
    parameters: ["usize", "usize", "i32", "usize", "usize", "usize"],
    result: "i32",
    nonblocking: true,
  },
  MPI_Alltoall: {
    parameters: ["usize", "i32", "usize", "usize", "i32", "usize", "usize"],
    result: "i32",
    nonblocking: true,
  },
  MPI_Allgather: {
    parameters: ["usize", "i32", "usize", "usize", "i32", "usize", "usize"],
    result: "i32",
    nonblocking: true,
  },
} as const;

/** Data of Open MPI, whose handles are the addresses of symbols. */
const openMpiData = {
  ompi_mpi_comm_world: { type: "pointer" },
  ompi_mpi_float: { type: "pointer" },
  ompi_mpi_op_sum: { type: "pointer" },
} as const;

const ordinaryThreads = { serialized: 2, multiple: 3 };

/** From MPICH's mpi.h. */
const mpich = {
  world: 0x44000000n,
  float: 0x4c00040an,
  add: 0x58000003n,
  inPlace: 0xffffffffffffffffn, // (void *) -1
  ignoreStatus: 1n,
  threads: ordinaryThreads,
};

/** From the standard's chapter on the binary interface. */
const mpi5 = {
  world: 0x101n,
  float: 0x210n,
  add: 0x21n,
  inPlace: 1n,
  ignoreStatus: 0n,
  threads: { serialized: 2048, multiple: 4096 },
};

/** Variables by which a launcher tells a process its rank, and the library that understands them. */
const launchers = { OMPI_COMM_WORLD_SIZE: "Open MPI", PMIX_RANK: "Open MPI", PMI_SIZE: "MPICH" } as const;

/** Names under which systems find libraries; in each list the most likely is first. */
const names: Readonly<Record<"Open MPI" | "MPICH" | "MPI 5", readonly string[]>> = Deno.build.os === "darwin"
  ? {
    "Open MPI": ["libmpi.dylib", "/opt/homebrew/lib/libmpi.dylib", "/usr/local/lib/libmpi.dylib"],
    MPICH: ["libmpi.dylib", "/opt/homebrew/lib/libmpi.dylib", "/usr/local/lib/libmpi.dylib"],
    "MPI 5": ["libmpi_abi.1.dylib", "libmpi_abi.dylib"],
  }
  : {
    "Open MPI": ["libmpi.so.40", "libmpi.so"],
    MPICH: ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.so"],
    "MPI 5": ["libmpi_abi.so.1", "libmpi_abi.so"],
  };

/**
 * Opens the library of the launcher that started this process, or any that is installed. Throws
 * Deno.errors.NotCapable if FFI is not permitted, and MpiError if there is no library.
 */
export function openMpiLibrary(): MpiLibrary {
  const launcher = launcherOfThisProcess();
  const kinds = ["MPI 5", ...(launcher === "MPICH" ? [] : ["Open MPI"] as const), "MPICH"] as const;
  const wanted = kinds.filter((kind) => kind !== "MPICH" || launcher !== "Open MPI");
  for (const name of wanted.flatMap((kind) => names[kind])) {
    const library = open(name);
    // A library that the launcher does not know would make every process a rank 0 of 1.
    if (library !== null && (launcher === null || launcher === makerOf(library))) return library;
  }
  const packages = launcher === "MPICH"
    ? "mpich"
    : launcher === "Open MPI"
    ? "openmpi-bin"
    : "openmpi-bin or mpich";
  throw new MpiError(
    `Cannot use MPI: ${
      launcher === null
        ? "there is no library"
        : `mpirun is that of ${launcher}, and its library is not there`
    } (tried ${wanted.flatMap((kind) => names[kind]).join(", ")}): install the Debian package ${packages}, ` +
      "brew install open-mpi on macOS, or load your cluster's module so that LD_LIBRARY_PATH names its folder",
  );
}

/** Returns whose launcher a library understands; those that derive from MPICH understand that of MPICH. */
function makerOf({ name }: MpiLibrary): "Open MPI" | "MPICH" {
  return name.startsWith("Open MPI") ? "Open MPI" : "MPICH";
}

function launcherOfThisProcess(): "Open MPI" | "MPICH" | null {
  for (const [variable, kind] of Object.entries(launchers)) {
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    if (state === "granted" && Deno.env.get(variable) !== undefined) return kind;
  }
  return null;
}

/** Opens a library by name; null if there is none. */
function open(name: string): MpiLibrary | null {
  let library: Deno.DynamicLibrary<typeof functions>;
  try {
    library = Deno.dlopen(name, functions);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) return null;
    throw new Deno.errors.NotCapable(
      "Cannot use MPI: calling native code is not permitted: run it with deno task native, or deno task dawn",
      { cause },
    );
  }
  const call = library.symbols, data = openMpiSymbols(name), version = versionOf(call);
  const common = { name: version, call, endsTogether: /^MPICH ([0-3]|4\.[01])\./.test(version) };
  if (data !== null) return { ...common, ...data };
  return { ...common, ...(name.includes("mpi_abi") ? mpi5 : mpich) };
}

/** Returns Open MPI's values, or null for another library: it lacks the symbol of MPI_COMM_WORLD. */
function openMpiSymbols(name: string): Omit<MpiLibrary, "name" | "call" | "endsTogether"> | null {
  let data: Deno.DynamicLibrary<typeof openMpiData>;
  try {
    data = Deno.dlopen(name, openMpiData);
  } catch {
    return null;
  }
  const { ompi_mpi_comm_world: world, ompi_mpi_float: float, ompi_mpi_op_sum: add } = data.symbols;
  return {
    world: Deno.UnsafePointer.value(world),
    float: Deno.UnsafePointer.value(float),
    add: Deno.UnsafePointer.value(add),
    inPlace: 1n,
    ignoreStatus: 0n,
    threads: ordinaryThreads,
  };
}

/** Returns name and version: "Open MPI 4.1.4" or "MPICH 4.0.2". */
function versionOf({ MPI_Get_library_version: version }: MpiLibrary["call"]): string {
  const text = new Uint8Array(8192), length = new Int32Array(1);
  version(text, length);
  const all = new TextDecoder().decode(text.subarray(0, Math.max(0, length[0]))).replaceAll(/\0/g, "");
  const [, name = "MPI", number = ""] = /(Open MPI|MPICH|MVAPICH|Intel\S* MPI)\D*([\d.]+)/.exec(all) ?? [];
  return `${name} ${number}`.trim();
}
