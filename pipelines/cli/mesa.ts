/**
 * Keeps Mesa's Vulkan drivers from printing an error on machines without a screen. Imports no package.
 *
 * @module
 */

/** The folder in which the drivers look for the screen. */
const runtimeFolder = "XDG_RUNTIME_DIR";

/**
 * Sets XDG_RUNTIME_DIR on Linux if it is not set and this process may set it. Without it, the layer that
 * looks for the screen's GPU prints "error: XDG_RUNTIME_DIR is invalid or not set in the environment"; it is
 * silent if the folder is empty.
 */
export function silenceMesa(): void {
  const { state } = Deno.permissions.querySync({ name: "env", variable: runtimeFolder });
  if (Deno.build.os !== "linux" || state !== "granted") return;
  if (Deno.env.get(runtimeFolder) === undefined) Deno.env.set(runtimeFolder, "/nonexistent");
}
