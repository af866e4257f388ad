/**
 * What a pipeline reads, as --dry-run prints it.
 *
 * @module
 */
import { bytes } from "../../../stages/report/quantity.ts";

/** The files of a source and how they are divided among processes. */
export interface SourcePlan {
  readonly files: number;
  /** Size of the files on disk, compressed where they are. */
  readonly bytes: number;
  readonly workers: number;
  /** Work of each process, by its rank. */
  readonly ranks: readonly { readonly parts: number; readonly bytes: number }[];
}

/** Lines for files, bytes and workers, and for each rank where there are several. */
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
