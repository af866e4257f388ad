/**
 * Finds the files that an `hf:` URI refers to. They belong to a dataset on the Hugging Face Hub and are
 * listed with the Hub's own library.
 *
 * @module
 */
import type { HubApiError } from "@huggingface/hub";
import picomatch from "picomatch";
import { importPackage } from "../disk/packages.ts";
import { retryingFetch } from "../format/web/remote.ts";
import type { RetryOptions } from "../format/web/retry.ts";

/** A file of a dataset. */
export interface HubFile {
  /** URL of the file at the commit that was listed. */
  readonly url: string;
  /** Size in bytes. */
  readonly size: number;
}

/** Which Hub is used, and which of its files. */
export interface HubOptions extends RetryOptions {
  /** Address of the Hub (default https://huggingface.co). */
  readonly hubUrl?: string;
  /**
   * Whether to include the file of this name if the URI refers to a folder, a glob or the whole dataset
   * (default: all files are included).
   */
  readonly accepts?: (name: string) => boolean;
}

/** Returns whether a URI refers to the Hub. */
export function isHub(uri: string): boolean {
  return /^hf:/i.test(uri);
}

/**
 * Returns the files of `hf:OWNER/NAME[@REVISION][/PATH]` or `hf://datasets/OWNER/NAME…`, sorted by path. PATH
 * is a file, a folder or a glob. The returned URLs contain the commit, so a long run reads a single version.
 *
 * Throws RangeError for a URI of another form, Deno.errors.NotFound if the dataset or file does not exist,
 * PermissionDenied for a private or gated dataset, ConnectionReset after too many failed requests.
 */
export async function hubFiles(uri: string, options: HubOptions = {}): Promise<readonly HubFile[]> {
  const { name, revision, path } = parse(uri);
  const { datasetInfo, HUB_URL, HubApiError, listFiles } = await importPackage("@huggingface/hub");
  const { hubUrl = HUB_URL, accepts = () => true, ...retry } = options;
  const asked = { hubUrl, fetch: retryingFetch(retry) };
  const files: { readonly path: string; readonly size: number }[] = [];
  let commit: string;
  const glob = /[*?[{]/.test(path) ? picomatch(path) : null;
  try {
    const at = revision === null ? {} : { revision };
    ({ sha: commit } = await datasetInfo({ ...asked, name, ...at, additionalFields: ["sha"] }));
    const folder = glob === null
      ? path
      : path.split("/").slice(0, -1).filter((part) => !/[*?[{]/.test(part)).join("/");
    const repo = { type: "dataset", name } as const;
    const isFile = glob === null && /\.[a-z]+(\.(gz|zst))?$/i.test(path);
    const where = isFile ? path.split("/").slice(0, -1).join("/") : folder;
    for await (
      const entry of listFiles({
        ...asked,
        repo,
        recursive: !isFile,
        revision: commit,
        ...(where === "" ? {} : { path: where }),
      })
    ) {
      if (entry.type === "file") files.push(entry);
    }
  } catch (error) {
    throw error instanceof HubApiError ? refused(uri, error) : error;
  }
  const found = files.filter((file) => {
    if (glob !== null) return glob(file.path);
    return path === "" || file.path === path || file.path.startsWith(`${path}/`);
  }).filter((file) => file.path === path || accepts(file.path));
  if (found.length === 0) {
    throw new Deno.errors.NotFound(
      `No file matches ${uri}: ${
        files.length === 0
          ? "the folder is empty"
          : `the first of ${files.length} files there is "${files[0].path}"`
      }: check the path`,
    );
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1).map(({ path, size }) => ({
    url: `${hubUrl}/datasets/${name}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`,
    size,
  }));
}

function parse(
  uri: string,
): { readonly name: string; readonly revision: string | null; readonly path: string } {
  const found = /^hf:(?:\/\/)?(?:datasets\/)?([\w.-]+\/[\w.-]+)(?:@([^/]+))?(?:\/(.*))?$/i.exec(uri);
  if (found === null) {
    throw new RangeError(`Cannot read ${uri}: expected hf:OWNER/NAME, then optionally @REVISION and /PATH`);
  }
  const [, name, revision = null, path = ""] = found;
  return { name, revision, path: path.replace(/\/+$/, "") };
}

/** Returns the error for an unsuccessful response from the Hub. */
function refused(uri: string, error: HubApiError): Error {
  const { statusCode } = error;
  if (statusCode === 404) {
    return new Deno.errors.NotFound(
      `Cannot read ${uri}: the Hub has no such dataset, revision or folder: check the spelling`,
      { cause: error },
    );
  }
  if (statusCode === 401 || statusCode === 403) {
    return new Deno.errors.PermissionDenied(
      `Cannot read ${uri}: the dataset does not exist or is private or gated: download it with your account and pass ` +
        `the path of the download`,
      { cause: error },
    );
  }
  return new Deno.errors.Http(`Cannot read ${uri}: the Hub answered ${statusCode}: ${error.message}`, {
    cause: error,
  });
}
