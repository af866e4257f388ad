/// <reference lib="dom" />
/**
 * The files that a person drops, those of folders included.
 *
 * @module
 */

const deepest = 4; // folders within each other: those of a run have three
const mostFiles = 10_000; // a folder with more is no model's

/** Returns whether files are dragged, and not a marked text or a picture of a page. */
export function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
}

/**
 * Refuses files that are dropped where nobody takes them: the browser would open them in place of the page,
 * and the model would be lost.
 */
export function keepPage(): void {
  for (const type of ["dragover", "drop"] as const) {
    addEventListener(type, (event) => {
      if (event.defaultPrevented || !hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
    });
  }
}

/** Lets the same file be chosen again, as after it was repaired: for a click on an input of files. */
export function forgetFiles({ target }: Event): void {
  if (target instanceof HTMLInputElement) target.value = "";
}

/**
 * Returns the dropped files whose names end as wanted. Of files with the same name in several folders, the
 * one whose path comes last remains: of a run's checkpoints, the newest.
 */
export async function droppedFiles(
  transfer: DataTransfer | null,
  endings: readonly string[],
): Promise<readonly File[]> {
  // All entries are asked for now: the browser forgets them once the event has been handled.
  const entries = [...transfer?.items ?? []].map((item) => item.webkitGetAsEntry());
  const found: FileSystemFileEntry[] = [];
  for (const entry of entries) if (entry !== null) await collect(entry, { found, endings, depth: 0 });
  const last = new Map<string, FileSystemFileEntry>();
  for (const entry of found.toSorted((a, b) => a.fullPath < b.fullPath ? -1 : 1)) last.set(entry.name, entry);
  return await Promise.all(
    [...last.values()].map((entry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))),
  );
}

async function collect(
  entry: FileSystemEntry,
  { found, endings, depth }: {
    readonly found: FileSystemFileEntry[];
    readonly endings: readonly string[];
    readonly depth: number;
  },
): Promise<void> {
  if (isFile(entry)) {
    if (endings.some((ending) => entry.name.endsWith(ending))) found.push(entry);
  } else if (isFolder(entry) && depth < deepest) {
    for (const inner of await entriesOf(entry)) await collect(inner, { found, endings, depth: depth + 1 });
  }
}

/** Returns what a folder holds; browsers give it in parts. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader(), all: FileSystemEntry[] = [];
  while (all.length < mostFiles) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (part.length === 0) break;
    all.push(...part);
  }
  return all;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
