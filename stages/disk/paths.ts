/**
 * Paths as this program writes them: with slashes, which Windows takes as well as backslashes.
 *
 * @module
 */

/** The system whose paths are meant. */
export interface PathSystem {
  /** Whether the paths are those of Windows. Default: whether this is Windows. */
  readonly windows?: boolean;
}

const isWindows = Deno.build.os === "windows";

/** Returns the path of a file URL: `/a b` for file:///a%20b, and on Windows `C:/a b` for file:///C:/a%20b. */
export function pathOfUrl(url: URL, { windows = isWindows }: PathSystem = {}): string {
  const path = decodeURIComponent(url.pathname.replace(/%(?![0-9a-f]{2})/gi, "%25"));
  if (!windows) return path;
  return url.host === "" ? path.replace(/^\/(?=[a-z]:)/i, "") : `//${url.host}${path}`;
}

/** Returns a path that a user typed with slashes between its parts: on Windows backslashes are usual. */
export function withSlashes(path: string, { windows = isWindows }: PathSystem = {}): string {
  return windows ? path.replaceAll("\\", "/") : path;
}

/** Returns a path without the slashes at its end, but for those of a root: `/`, `C:/`. */
export function withoutEndSlash(path: string): string {
  return path.replace(/(?<=[^/])(?<!^[a-z]:)\/+$|(?<=^\/)\/+$/i, "");
}
