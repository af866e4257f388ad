/// <reference lib="dom" />
/**
 * The files beside the page: from its server, or, for a page that was opened from disk, from offline.js.
 * Browsers let a page from disk run a script of its folder, but neither read a file there nor start a worker
 * from one.
 *
 * @module
 */

/** Whether the page was opened from disk. */
const fromDisk: boolean = location.protocol === "file:";

/** Texts of the page's files, keyed by name. */
type OfflineFiles = Readonly<Record<string, string>>;

let offline: Promise<OfflineFiles> | null = null;

/** Starts the page's worker. Rejects with an error for people if its file cannot be read. */
export async function startWorker(name: string): Promise<Worker> {
  const address = fromDisk
    ? URL.createObjectURL(new Blob([await offlineFile("worker.js")], { type: "text/javascript" }))
    : new URL("worker.js", document.baseURI);
  return new Worker(address, { name });
}

/** Returns the text of a file. Rejects with an error for people if it cannot be read. */
export async function readPageFile(name: string): Promise<string> {
  if (fromDisk) return await offlineFile(name);
  const response = await fetch(new URL(name, document.baseURI));
  if (!response.ok) throw new Error(`The file ${name} is not beside this page (${response.status})`);
  return await response.text();
}

async function offlineFile(name: string): Promise<string> {
  offline ??= loadOfflineFiles();
  const text = (await offline)[name];
  if (text === undefined) throw new Error(`The file ${name} is not in offline.js: build the page again`);
  return text;
}

/** Runs offline.js, which leaves the files in `offlineFiles`. */
function loadOfflineFiles(): Promise<OfflineFiles> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "offline.js";
    script.onload = () => resolve(Reflect.get(globalThis, "offlineFiles") ?? {});
    script.onerror = () =>
      reject(new Error("The file offline.js is not beside this page: build the page again"));
    document.head.append(script);
  });
}
