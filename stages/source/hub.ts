/**
 * Datasets of the Hugging Face Hub as files to read: what `hf:` names, listed by the Hub's own library.
 *
 * @module
 */
import { datasetInfo, HUB_URL, HubApiError, listFiles } from "@huggingface/hub";
import picomatch from "picomatch";
import { patientFetch, type RetryOptions } from "../format/web/remote.ts";

/** A file of a dataset. */
export interface HubFile {
  /** Of the very version that was listed. */
  readonly url: string;
  /** In bytes. */
  readonly size: number;
}

/** Where and how to ask. */
export interface HubOptions extends RetryOptions {
  /** Default: the Hub's own. */
  readonly hubUrl?: string;
  /** Which names to take where a folder or all of a dataset is named (default all). */
  readonly wanted?: (name: string) => boolean;
}

/** Whether a URI names something on the Hub. */
export function isHub(uri: string): boolean {
  return /^hf:/i.test(uri);
}

/**
 * The files that `hf:OWNER/NAME[@REVISION][/PATH]` names, or `hf://datasets/…`, sorted; PATH is a file, a folder or a
 * glob. Their URLs name the commit, so a run reads one version however long it takes.
 *
 * Throws RangeError for a URI of another form, Deno.errors.NotFound where there is no such dataset or file,
 * PermissionDenied for a private or gated one, ConnectionReset after too many failures.
 */
export async function hubFiles(uri: string, options: HubOptions = {}): Promise<readonly HubFile[]> {
  const { hubUrl = HUB_URL, wanted = () => true, ...retry } = options;
  const { name, revision, path } = parse(uri);
  const asked = { hubUrl, fetch: patientFetch(retry) };
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
    throw refused(uri, error);
  }
  const found = files.filter((file) => {
    if (glob !== null) return glob(file.path);
    return path === "" || file.path === path || file.path.startsWith(`${path}/`);
  }).filter((file) => file.path === path || wanted(file.path));
  if (found.length === 0) {
    throw new Deno.errors.NotFound(
      `No file fits ${uri}: ${files.length} files are listed there, ${
        files.length === 0 ? "none" : `"${files[0].path}"`
      } first: check the path`,
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
    throw new RangeError(`Cannot read ${uri}: wanted hf:OWNER/NAME, with @REVISION and /PATH if need be`);
  }
  const [, name, revision = null, path = ""] = found;
  return { name, revision, path: path.replace(/\/+$/, "") };
}

function refused(uri: string, error: unknown): unknown {
  if (!(error instanceof HubApiError)) return error;
  const { statusCode } = error;
  if (statusCode === 404) {
    return new Deno.errors.NotFound(
      `Cannot read ${uri}: the Hub has no such dataset, revision or folder: check it`,
      {
        cause: error,
      },
    );
  }
  if (statusCode === 401 || statusCode === 403) {
    return new Deno.errors.PermissionDenied(
      `Cannot read ${uri}: no such dataset, or a private or gated one: download it with your account and pass its path`,
      { cause: error },
    );
  }
  return new Deno.errors.Http(`Cannot read ${uri}: the Hub answered ${statusCode}: ${error.message}`, {
    cause: error,
  });
}
