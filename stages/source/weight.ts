/**
 * The weight of a source in a mix, which stands at the end of its URI: `URI*WEIGHT`.
 *
 * @module
 */
import { existsSync } from "../disk/whole_files.ts";
import { isRemote } from "../format/web/remote.ts";
import { filesMatching } from "./glob.ts";

/** A URI without its weight. */
export interface WeightedUri {
  /** The URI, as `resolveUri` takes it. */
  readonly uri: string;
  /** Its weight; null if it has none. */
  readonly weight: number | null;
}

/**
 * Divides `URI*WEIGHT`. A path that ends like that, or a glob that matches files, has no weight. Throws
 * RangeError for a weight that is not above 0.
 */
export function weightOf(text: string): WeightedUri {
  const found = /^(.*[^/*])\*(\d+(?:\.\d+)?|\.\d+)$/s.exec(text);
  if (found === null) return { uri: text, weight: null };
  const [, uri, digits] = found;
  if (!isNamed(uri) && (existsSync(text) || !existsSync(uri) && filesMatching(text).length > 0)) {
    return { uri: text, weight: null };
  }
  const weight = Number(digits);
  if (weight > 0 && Number.isFinite(weight)) return { uri, weight };
  throw new RangeError(`Cannot give ${uri} the weight ${digits}: expected a number above 0, as in ${uri}*2`);
}

/** Whether a URI names no files of this machine. */
function isNamed(uri: string): boolean {
  return uri === "-" || uri === "embedded" || /^(embedded|hf):/i.test(uri) || isRemote(uri);
}
