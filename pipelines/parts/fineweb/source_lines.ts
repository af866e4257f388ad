/**
 * The lines in which --dry-run describes the input of a pipeline.
 *
 * @module
 */
import { bytes } from "../../../stages/report/quantity.ts";

/** The files of a source and how they are divided among processes. */
export interface SourcePlan {
  readonly files: number;
  /** Size of the files on disk; for compressed files, the compressed size. */
  readonly bytes: number;
  readonly workers: number;
  /** Work of each process; the index is its rank. */
  readonly ranks: readonly { readonly parts: number; readonly bytes: number }[];
}

/** Returns lines for the files, bytes and workers, and a line for each rank if there are several. */
export function sourceLines({ files, bytes: size, workers, ranks }: SourcePlan): readonly string[] {
  const rankLines = ranks.map(({ parts, bytes: size }, rank) =>
    `  ${String(rank).padEnd(15)}${bytes(size)} in ${parts} ${parts === 1 ? "part" : "parts"}`
  );
  return [
    `files            ${files.toLocaleString("en-US")}`,
    `bytes            ${bytes(size)}`,
    `workers          ${workers}`,
    ...(ranks.length === 1 ? [] : [`ranks            ${ranks.length}`, ...rankLines]),
  ];
}
