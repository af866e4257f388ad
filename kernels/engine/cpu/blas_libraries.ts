/**
 * The BLAS libraries that a system may have.
 *
 * @module
 */

/** A library, and how to see without permission to call native code whether it is installed. */
export interface SystemLibrary {
  /** Name under which the system finds the library, or its path. */
  readonly name: string;
  /** Files of which at least one is there where the library is installed; empty where that cannot be seen. */
  readonly files: readonly string[];
}

/** Returns the libraries to try on an operating system, named as in `Deno.build.os`; the best is first. */
export function blasLibraries(os: string): readonly SystemLibrary[] {
  switch (os) {
    case "darwin": {
      const folder = "/System/Library/Frameworks/Accelerate.framework";
      // The library itself has no file: it lies in the system's cache.
      return [{ name: `${folder}/Accelerate`, files: [`${folder}/Versions/A/Resources/Info.plist`] }];
    }
    case "windows":
      return ["libopenblas.dll", "openblas.dll"].map((name) => ({ name, files: [] }));
    default: {
      const folders = ["x86_64-linux-gnu/", "aarch64-linux-gnu/", ""].flatMap((triple) =>
        ["/usr/lib", "/lib", "/usr/local/lib"].map((folder) => `${folder}/${triple}`)
      );
      return ["libopenblas.so.0", "libopenblas.so"].map((name) => ({
        name,
        files: ["/usr/lib64/", ...folders].map((folder) => `${folder}${name}`),
      }));
    }
  }
}
