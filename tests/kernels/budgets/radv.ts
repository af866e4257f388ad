/**
 * Compiles WGSL kernels to machine code of AMD GPUs without one: Mesa's driver RADV compiles for a GPU that
 * is not there if RADV_FORCE_FAMILY names it. The SPIR-V is what Deno's WebGPU makes from the WGSL; a Vulkan
 * layer writes it to files.
 *
 * Needs gcc and, in `/usr` or unpacked by `dpkg -x` in `.cache/radv/usr`, Debian's packages libvulkan-dev and
 * mesa-vulkan-drivers with the libraries that they need.
 *
 * @module
 */
import { pathOfUrl } from "../../../stages/disk/paths.ts";

/** A WGSL kernel to compile. */
export interface KernelText {
  /** WGSL with an entry point `main`. */
  readonly code: string;
  /** Number of bindings. */
  readonly bindings: number;
}

/** What the compiler made of a kernel. */
export interface MachineCode {
  /** Number of vector registers per lane. */
  readonly registers: number;
  /** Number of vector registers that did not fit and live in memory. */
  readonly spilled: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
  /** Vector instructions of the block with the most multiply-adds. */
  readonly hot: {
    /** Multiply-adds. */
    readonly fma: number;
    /** Other vector instructions. */
    readonly other: number;
    /** Loads from workgroup memory. */
    readonly loads: number;
  };
}

const here = new URL("./", import.meta.url);
const prefixes = [pathOfUrl(new URL("../../../.cache/radv/usr", here)), "/usr"];
const libraries = "lib/x86_64-linux-gnu";

/** Folder that holds RADV and the Vulkan headers, or null if there is none or no gcc. */
export const radvPrefix: string | null = await findPrefix();

/** Compiles kernels for a GPU family such as "navi21". Returns the driver's version and the results. */
export async function compileForAmd(
  spirv: readonly { readonly file: string; readonly bindings: number }[],
  { family, folder }: { readonly family: string; readonly folder: string },
): Promise<{ readonly driver: string; readonly kernels: readonly MachineCode[] }> {
  const program = `${folder}/radv_stats`, path = `${radvPrefix}/${libraries}`;
  await run("gcc", ["-O1", `-I${radvPrefix}/include`, source("radv_stats.c"), "-ldl", "-o", program]);
  const args = [`${path}/libvulkan_radeon.so`, ...spirv.map(({ file, bindings }) => `${file}:${bindings}`)];
  const text = await run(program, args, { env: { LD_LIBRARY_PATH: path, RADV_FORCE_FAMILY: family } });
  const at = text.indexOf("\n");
  return {
    driver: text.slice(0, at),
    kernels: text.slice(at + 1).split(/\n(?=\{)/).map((part) => parse(part)),
  };
}

/** Writes the SPIR-V of kernels into files of a folder and returns their paths, in order. */
export async function spirvOf(
  kernels: readonly KernelText[],
  folder: string,
): Promise<readonly { readonly file: string; readonly bindings: number }[]> {
  const dump = `${folder}/spirv`, layer = "VK_LAYER_spirv_dump";
  await Deno.mkdir(dump);
  const library = `${folder}/libspirv_dump.so`;
  await run("gcc", [
    "-O1",
    "-shared",
    "-fPIC",
    `-I${radvPrefix}/include`,
    source("spirv_dump.c"),
    "-o",
    library,
  ]);
  await Deno.writeTextFile(`${folder}/${layer}.json`, JSON.stringify(manifest(layer, library)));
  const out = await run(Deno.execPath(), ["run", "--quiet", "--no-check", "-A", source("dump_spirv.ts")], {
    env: { SPIRV_DUMP: dump, VK_LAYER_PATH: folder, VK_INSTANCE_LAYERS: layer },
    input: JSON.stringify(kernels),
  });
  const names = out.trim().split("\n");
  return kernels.map(({ bindings }, i) => ({ file: `${dump}/${names[i]}`, bindings }));
}

function manifest(name: string, library: string) {
  return {
    file_format_version: "1.2.0",
    layer: {
      name,
      type: "GLOBAL",
      library_path: library,
      api_version: "1.3.0",
      implementation_version: "1",
      description: "Writes the SPIR-V of shader modules",
    },
  };
}

/** Parses the statistics and the assembly of one kernel. */
function parse(text: string): MachineCode {
  const end = text.indexOf("\n"), stats: Record<string, number> = JSON.parse(text.slice(0, end));
  const blocks = text.slice(end).split(/^BB\d+:$/m).map((block) => {
    const ops = [...block.matchAll(/^\t(\w+)/gm)].map(([, op]) => op);
    const vector = ops.filter((op) => op.startsWith("v_"));
    const fma = vector.filter((op) => /^v_(pk_)?(fma|mad|mac)/.test(op)).length;
    return { fma, other: vector.length - fma, loads: ops.filter((op) => op.startsWith("ds_read")).length };
  });
  return {
    registers: stats.VGPRs,
    spilled: stats["Spilled VGPRs"],
    workgroupBytes: stats["LDS size"],
    hot: blocks.reduce((a, b) => b.fma > a.fma ? b : a),
  };
}

async function findPrefix(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return null;
  if (!(await Promise.all(["/usr/bin/gcc", "/usr/local/bin/gcc"].map(exists))).includes(true)) return null;
  for (const prefix of prefixes) {
    const files = [`${prefix}/include/vulkan/vk_layer.h`, `${prefix}/${libraries}/libvulkan_radeon.so`];
    if ((await Promise.all(files.map(exists))).every(Boolean)) return prefix;
  }
  return null;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function source(name: string): string {
  return pathOfUrl(new URL(name, here));
}

/** Runs a program and returns its output. Throws Error with its messages if it fails. */
async function run(
  program: string,
  args: readonly string[],
  { env = {}, input = "" }: { readonly env?: Record<string, string>; readonly input?: string } = {},
): Promise<string> {
  const process = new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array<ArrayBuffer>) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`Cannot run ${program}: ${text(stderr)}`);
  return text(stdout);
}
