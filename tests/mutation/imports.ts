/**
 * Which files a module loads.
 *
 * @module
 */

/** Finds the files that modules of a project name, directly or through others, by a relative path. */
export class Imports {
  readonly #root: URL;
  readonly #direct = new Map<string, readonly string[]>();

  constructor(root: URL) {
    this.#root = root;
  }

  /** The module and all files that it loads, in the order in which they are first named. */
  async closure(module: string): Promise<ReadonlySet<string>> {
    const found = new Set([module]);
    for (const file of found) for (const named of await this.#namedBy(file)) found.add(named);
    return found;
  }

  async #namedBy(file: string): Promise<readonly string[]> {
    const known = this.#direct.get(file);
    if (known !== undefined) return known;
    const source = await Deno.readTextFile(new URL(file, this.#root)).catch(() => "");
    const named = [...source.matchAll(/"(\.\.?\/[^"]+\.ts)"/g)].map(([, path]) =>
      new URL(path, new URL(file, this.#root)).href.slice(this.#root.href.length)
    );
    this.#direct.set(file, named);
    return named;
  }
}
