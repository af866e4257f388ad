/**
 * The output head of a model whose configuration says that it is the embedding. Programs that train both
 * apart and write such a configuration save a head that differs: it is then used.
 *
 * @module
 */
import type { TensorPlaces } from "./tensor_places.ts";

/**
 * Returns whether a file's head is the embedding, in all rows that both have, or is missing. Reads both.
 */
export async function isTied(
  { entries, read }: Pick<TensorPlaces, "entries" | "read">,
  { head, embedding }: { readonly head: string; readonly embedding: string },
): Promise<boolean> {
  const own = entries.get(head), shared = entries.get(embedding);
  if (own === undefined || shared === undefined) return true;
  if (own.shape.length !== 2 || own.shape[1] !== shared.shape[1] || shared.shape.length !== 2) return false;
  const [a, b] = [await read(embedding), await read(head)];
  for (let i = 0, end = Math.min(a.length, b.length); i < end; i++) if (a[i] !== b[i]) return false;
  return true;
}
