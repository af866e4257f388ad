/**
 * A WebGPU adapter for machines without a GPU: SwiftShader, Chromium's Vulkan driver in software. It is
 * taken from the npm package `@sparticuz/chromium` and unpacked once, into `.cache/`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { brotliDecompressSync } from "node:zlib";
import { parseTar } from "nanotar";
import { pathOfUrl } from "../stages/disk/paths.ts";

/** The files that are unpacked from the archive. */
const files = ["libvulkan.so.1", "libvk_swiftshader.so", "vk_swiftshader_icd.json"];
const cache = new URL("../.cache/", import.meta.url);

/** Whether the package has SwiftShader for this system: Linux on x86-64. */
export const hasSoftwareAdapter: boolean = Deno.build.os === "linux" && Deno.build.arch === "x86_64";

/**
 * Unpacks SwiftShader unless this has been done before. Returns the environment variables that make a new
 * Deno process find SwiftShader and no other Vulkan driver. The Vulkan loader reads the variables at start,
 * so a process cannot set them for itself.
 */
export async function softwareAdapter(): Promise<Record<string, string>> {
  const folder = new URL("swiftshader-147.0.0/", cache);
  if (!await isThere(folder)) await unpack(folder);
  const path = pathOfUrl(folder);
  const driver = `${path}vk_swiftshader_icd.json`;
  return {
    LD_LIBRARY_PATH: path,
    VK_ICD_FILENAMES: driver, // read by older loaders
    VK_DRIVER_FILES: driver,
    DENO_WEBGPU_BACKEND: "vulkan",
    XDG_RUNTIME_DIR: path, // without it Mesa, if installed, prints an error
  };
}

async function unpack(folder: URL): Promise<void> {
  await import("@sparticuz/chromium"); // fetches the package, whose entry is build/esm/index.js
  const archive = new URL("../../bin/swiftshader.tar.br", import.meta.resolve("@sparticuz/chromium"));
  const entries = parseTar(brotliDecompressSync(Buffer.from(await Deno.readFile(archive))));
  await Deno.mkdir(cache, { recursive: true });
  const unfinished = await Deno.makeTempDir({
    dir: pathOfUrl(cache),
    prefix: "swiftshader-",
  });
  try {
    for (const name of files) {
      const data = entries.find((entry) => entry.name === name)?.data;
      if (data === undefined) {
        throw new Deno.errors.NotFound(
          `Cannot unpack SwiftShader: ${archive} has no ${name}: it has ${entries.map((e) => e.name)}`,
        );
      }
      await Deno.writeFile(`${unfinished}/${name}`, data);
    }
    await Deno.rename(unfinished, folder); // atomic, so that two processes may unpack at the same time
  } catch (error) {
    await Deno.remove(unfinished, { recursive: true });
    if (!await isThere(folder)) throw error; // otherwise another process has finished first
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
