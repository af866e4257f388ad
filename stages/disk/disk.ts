/**
 * The file system calls that change files and folders. All other modules change files through them, so that a
 * test can count the calls and end them all at one of them, as a power cut does.
 *
 * @module
 */

/** The calls, as `Deno` has them. */
export interface Disk {
  open(path: string | URL, options?: Deno.OpenOptions): Promise<Deno.FsFile>;
  openSync(path: string | URL, options?: Deno.OpenOptions): Deno.FsFile;
  rename(from: string, to: string): Promise<void>;
  renameSync(from: string, to: string): void;
  remove(path: string, options?: Deno.RemoveOptions): Promise<void>;
  removeSync(path: string, options?: Deno.RemoveOptions): void;
  mkdir(path: string, options?: Deno.MkdirOptions): Promise<void>;
  mkdirSync(path: string, options?: Deno.MkdirOptions): void;
}

/** The system's file system. Tests replace its methods. */
export const disk: Disk = {
  open: (path, options) => Deno.open(path, options),
  openSync: (path, options) => Deno.openSync(path, options),
  rename: (from, to) => Deno.rename(from, to),
  renameSync: (from, to) => Deno.renameSync(from, to),
  remove: (path, options) => Deno.remove(path, options),
  removeSync: (path, options) => Deno.removeSync(path, options),
  mkdir: (path, options) => Deno.mkdir(path, options),
  mkdirSync: (path, options) => Deno.mkdirSync(path, options),
};
