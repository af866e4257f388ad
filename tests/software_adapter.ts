/**
 * A WebGPU adapter for machines without a GPU: SwiftShader, the Vulkan driver in software that Chromium ships, taken
 * from the npm package `@sparticuz/chromium` and unpacked once beside the project.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { brotliDecompressSync } from "node:zlib";
import { parseTar } from "nanotar";

/** What is needed of the archive, and nothing else of it is written. */
const files = ["libvulkan.so.1", "libvk_swiftshader.so", "vk_swiftshader_icd.json"];
const cache = new URL("../.cache/", import.meta.url);

/** The package has SwiftShader for this system only. */
export const hasSoftwareAdapter: boolean = Deno.build.os === "linux" && Deno.build.arch === "x86_64";

/**
 * Unpacks SwiftShader if it is not there yet, and gives the environment in which a Deno that is started finds it and
 * no other Vulkan driver. The loader reads it once, so it cannot be set from within.
 */
export async function softwareAdapter(): Promise<Record<string, string>> {
  const folder = new URL("swiftshader-147.0.0/", cache);
  if (!await isThere(folder)) await unpack(folder);
  const path = decodeURIComponent(folder.pathname);
  const driver = `${path}vk_swiftshader_icd.json`;
  return {
    LD_LIBRARY_PATH: path,
    VK_ICD_FILENAMES: driver, // for older loaders
    VK_DRIVER_FILES: driver,
    DENO_WEBGPU_BACKEND: "vulkan",
    XDG_RUNTIME_DIR: path, // Mesa, where it is installed, complains without one
  };
}

async function unpack(folder: URL): Promise<void> {
  await import("@sparticuz/chromium"); // fetches the package, whose entry is build/esm/index.js
  const archive = new URL("../../bin/swiftshader.tar.br", import.meta.resolve("@sparticuz/chromium"));
  const entries = parseTar(brotliDecompressSync(Buffer.from(await Deno.readFile(archive))));
  await Deno.mkdir(cache, { recursive: true });
  const half = await Deno.makeTempDir({ dir: decodeURIComponent(cache.pathname), prefix: "swiftshader-" });
  try {
    for (const name of files) {
      const data = entries.find((entry) => entry.name === name)?.data;
      if (data === undefined) {
        throw new Deno.errors.NotFound(
          `Cannot unpack SwiftShader: ${archive} has no ${name}: it has ${entries.map((e) => e.name)}`,
        );
      }
      await Deno.writeFile(`${half}/${name}`, data);
    }
    await Deno.rename(half, folder); // whole or not at all, also when two runs begin at once
  } catch (error) {
    await Deno.remove(half, { recursive: true });
    if (!await isThere(folder)) throw error; // another run was faster
  }
}

async function isThere(folder: URL): Promise<boolean> {
  try {
    return (await Deno.stat(folder)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
