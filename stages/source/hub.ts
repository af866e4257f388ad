/**
 * Finds the files that an `hf:` URI refers to. They belong to a dataset on the Hugging Face Hub and are
 * listed with the Hub's own library.
 *
 * @module
 */
import type { HubApiError, ListFileEntry } from "@huggingface/hub";
import picomatch from "picomatch";
import { importPackage } from "../disk/packages.ts";
import { retryingFetch } from "../format/web/remote.ts";
import { sendToken } from "../format/web/tokens.ts";
import { hubToken } from "./hub_token.ts";
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
  /** File with an access token (default: the Hub's own, if there is one and `hubUrl` is not given). */
  readonly hubToken?: string | null | undefined;
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
 * Returns the files of `hf:OWNER/NAME[@REVISION][/PATH]` or `hf://datasets/OWNER/NAME…`, sorted by path.
 * REVISION is a branch, a tag, a commit, `refs/convert/NAME` or `refs/pr/NUMBER`; a slash in another one is
 * written %2F. PATH is a file, a folder or a glob; of a folder or a glob, cards and configurations are left
 * out. The returned URLs contain the commit, so a long run reads a single version.
 *
 * Throws RangeError for a URI of another form, Deno.errors.NotFound if the dataset or file does not exist,
 * PermissionDenied for a private or gated dataset, ConnectionReset after too many failed requests, and the
 * errors of `hubToken`.
 */
export async function hubFiles(uri: string, options: HubOptions = {}): Promise<readonly HubFile[]> {
  const { name, revision, path } = parse(uri);
  const { datasetInfo, HUB_URL, HubApiError, listFiles } = await importPackage("@huggingface/hub");
  const { hubUrl = HUB_URL, hubToken: tokenFile, accepts = () => true, ...retry } = options;
  const token = hubUrl === HUB_URL || typeof tokenFile === "string" ? await hubToken(tokenFile) : null;
  if (token !== null) sendToken(hubUrl, token);
  const asked = { hubUrl, fetch: retryingFetch(retry), ...(token !== null && { accessToken: token }) };
  const glob = /[*?[{]/.test(path) ? picomatch(path) : null;
  let commit = "";
  const list = async (folder: string, recursive: boolean): Promise<readonly ListFileEntry[]> => {
    const repo = { type: "dataset", name } as const, at = folder === "" ? {} : { path: folder };
    return await Array.fromAsync(listFiles({ ...asked, repo, recursive, revision: commit, ...at }));
  };
  /** The entry of the path in its folder, which tells whether it is a file. */
  const entry = async (): Promise<ListFileEntry | undefined> =>
    (await list(parentOf(path), false)).find((entry) => entry.path === path);
  let entries: readonly ListFileEntry[];
  try {
    const at = revision === null ? {} : { revision };
    ({ sha: commit } = await datasetInfo({ ...asked, name, ...at, additionalFields: ["sha"] }));
    if (glob !== null) entries = (await list(baseOf(path), true)).filter((entry) => glob(entry.path));
    else if (/\.\w+$/.test(path)) {
      const found = await entry();
      entries = found === undefined ? [] : found.type === "directory" ? await list(path, true) : [found];
    } else {
      entries = await list(path, true).catch(async (error) => { // a file has no list
        const found = error instanceof HubApiError && error.statusCode === 404 ? await entry() : undefined;
        if (found === undefined) throw error;
        return [found];
      });
    }
  } catch (error) {
    throw error instanceof HubApiError ? refused(uri, { error, hasToken: token !== null }) : error;
  }
  const files = entries.filter(({ type }) => type === "file");
  const found = files.filter((file) => file.path === path || accepts(file.path) && !isCard(file.path));
  if (found.length === 0) {
    const first = files.length === 0
      ? "there is no such file"
      : `none of ${files.length} files there, such as ` +
        `${JSON.stringify(files[0].path.slice(0, 100))}, can be read`;
    throw new Deno.errors.NotFound(`No file matches ${uri}: ${first}: check the path`);
  }
  return [...found].sort((a, b) => a.path < b.path ? -1 : 1).map(({ path, size }) => ({
    url: `${hubUrl}/datasets/${name}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`,
    size,
  }));
}

function parentOf(path: string): string {
  return path.split("/").slice(0, -1).join("/");
}

/** The folder of a glob in which all its matches lie. */
function baseOf(glob: string): string {
  const folders = glob.split("/").slice(0, -1), first = folders.findIndex((part) => /[*?[{]/.test(part));
  return folders.slice(0, first < 0 ? folders.length : first).join("/");
}

const cards = /^(readme|licen[cs]e|changelog|contributing|citation|code_of_conduct|security|notice)\b.*$/i;
const configs =
  /^(config|\w+_config|dataset_infos?|dataset_dict|state|vocab|special_tokens_map|tokenizer|.*\.index|croissant|package|\w*metadata)\.json$/i;

/**
 * Returns whether a file of a repository describes the data and is none of it: cards, licences,
 * configurations, and files whose name or folder begins with a dot or two underscores. Source: the names that
 * the library `datasets` ignores.
 */
export function isCard(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return /(^|\/)(\.|__)/.test(path) || cards.test(name) || configs.test(name);
}

/** Source: huggingface_hub, `HfFileSystem.resolve_path`. */
function parse(
  uri: string,
): { readonly name: string; readonly revision: string | null; readonly path: string } {
  const other = /^hf:(?:\/\/)?(models|spaces|buckets|kernels)\//i.exec(uri);
  if (other !== null) {
    throw new RangeError(
      `Cannot read ${uri}: ${other[1]} hold no documents: expected hf:OWNER/NAME of a dataset`,
    );
  }
  const found =
    /^hf:(?:\/\/)?(?:datasets\/)?([\w.-]+\/[\w.-]+)(?:@(refs\/(?:convert\/\w+|pr\/\d+)(?=\/|$)|[^/]+))?(?:\/(.*))?$/i
      .exec(uri);
  if (found === null) {
    throw new RangeError(`Cannot read ${uri}: expected hf:OWNER/NAME, then optionally @REVISION and /PATH`);
  }
  const [, name, revision = null, path = ""] = found;
  return {
    name,
    revision: revision === null ? null : unescaped(revision),
    path: path.replace(/^\/+|\/+$/g, ""),
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Returns the error for an unsuccessful response from the Hub. */
function refused(
  uri: string,
  { error, hasToken }: { readonly error: HubApiError; readonly hasToken: boolean },
): Error {
  const { statusCode } = error;
  if (statusCode === 404) {
    return new Deno.errors.NotFound(
      `Cannot read ${uri}: the Hub has no such dataset, revision or folder: check the spelling`,
      { cause: error },
    );
  }
  if (statusCode === 401 || statusCode === 403) {
    return new Deno.errors.PermissionDenied(
      `Cannot read ${uri}: the dataset does not exist or is private or gated: ` +
        (hasToken
          ? "accept its terms on its page with the account of your token, or give --hub-token with another one"
          : "give --hub-token with a file that holds a token of your account"),
      { cause: error },
    );
  }
  return new Deno.errors.Http(`Cannot read ${uri}: the Hub answered ${statusCode}: ${error.message}`, {
    cause: error,
  });
}
