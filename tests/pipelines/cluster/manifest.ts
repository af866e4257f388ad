/**
 * The manifest of a step of `fineweb` as a job of Kubernetes.
 *
 * @module
 */
import { parse } from "@std/yaml/parse";

const manifest = new URL("../../../pipelines/cluster/fineweb_job.yaml", import.meta.url);

/** Returns the manifest of a step, as the comment in it makes it. */
export async function jobOf(step: string, count: number, ranks = 100): Promise<any> {
  const text = await Deno.readTextFile(manifest);
  return parse(text.replaceAll("STEP", step).replaceAll("COUNT", `${count}`).replaceAll("RANKS", `${ranks}`));
}
