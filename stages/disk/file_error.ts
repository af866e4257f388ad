/**
 * File system errors in words: what was tried, on which path, what the system says, and what to do instead.
 *
 * @module
 */

/** What was tried when the system refused. */
export interface FileAttempt {
  /** A verb that fits "Cannot … PATH": "read", "write". */
  readonly action: string;
  readonly path: string;
  /** What to do instead; default: general advice for the system's error. */
  readonly hint?: string;
}

/** A file system error for which Deno has no class of its own: name too long, disk full, read-only file system. */
export class FileError extends Error {
  override readonly name: string = "FileError";
}

/** What a system error means, and general advice. */
type Explanation = Readonly<{ meaning: string; advice: string }>;

const explanations: Readonly<Record<string, Explanation>> = {
  ENOENT: { meaning: "there is no such file or folder", advice: "check the path" },
  ENOTDIR: { meaning: "a part of the path is a file, not a folder", advice: "check the path" },
  EISDIR: { meaning: "it is a folder, not a file", advice: "give a file" },
  EEXIST: { meaning: "something is there already", advice: "give another path, or move it away" },
  EACCES: {
    meaning: "this user lacks the permission",
    advice: "change its permissions, or give another path",
  },
  EPERM: { meaning: "the system does not permit it", advice: "give another path" },
  ELOOP: { meaning: "its symbolic links form a loop", advice: "give the path of the file itself" },
  ENAMETOOLONG: {
    meaning: "the name is too long",
    advice: "give a shorter one (most systems allow 255 bytes for a name and 4,096 for a path)",
  },
  ENOSPC: { meaning: "the disk is full", advice: "make room on the disk and type the command again" },
  EDQUOT: {
    meaning: "the disk quota is used up",
    advice: "make room on the disk and type the command again",
  },
  EROFS: { meaning: "the file system is read-only", advice: "give a path on another file system" },
  EIO: { meaning: "the system reports an input/output error", advice: "check the disk" },
  EMFILE: { meaning: "too many files are open", advice: "raise the limit, for example with: ulimit -n 4096" },
  EINVAL: { meaning: "the path is not valid", advice: "check the path" },
};

const permission: Explanation = {
  meaning: "Deno's permissions for this task do not cover it",
  advice: "give another path",
};

/** Codes of errors that another path on the command line avoids. */
const wrongPath = new Set(
  "ENOENT ENOTDIR EISDIR EEXIST EACCES EPERM ELOOP ENAMETOOLONG EROFS EINVAL".split(" "),
);

/**
 * The error to throw in place of a system error: it names the path, says in words what happened and what to do, keeps
 * the class (`Deno.errors.NotFound` stays one, an error without a class becomes a FileError) and has the original as
 * its cause. Any other error, an explained one too, is returned as it is.
 */
export function fileError(error: unknown, { action, path, hint }: FileAttempt): Error {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const explanation = explanationOf(thrown, path);
  if (explanation === null) return thrown;
  const { meaning, advice } = explanation;
  const Class = Object.values(Deno.errors).find((each) => thrown instanceof each) ?? FileError;
  const message = `Cannot ${action} ${shortened(path)}: ${meaning}: ${hint ?? advice}`;
  return Object.assign(new Class(message, { cause: thrown }), { code: codeOf(thrown) });
}

/** As `fileError`, for a system error of which only its own message is known, such as `stat 'PATH'`. */
export function explained(error: Error): Error {
  const match = /(?:: (\w+) '(.*?)'(?: -> '.*')?$)|(?:access to "(.*?)")/s.exec(error.message);
  if (match === null) {
    const explanation = explanationOf(error, "");
    if (explanation === null) return error;
    return new FileError(`${explanation.meaning}: ${explanation.advice}`, { cause: error });
  }
  return fileError(error, { action: actions[match[1]] ?? "use", path: match[2] ?? match[3] });
}

/** The system's names for what it was asked to do. */
const actions: Readonly<Record<string, string>> = {
  open: "open",
  stat: "read",
  lstat: "read",
  readfile: "read",
  readdir: "list",
  writefile: "write",
  mkdir: "make the folder",
  rename: "rename",
  remove: "remove",
};

/** Whether the error is of a path, and another path on the command line would avoid it. */
export function isWrongPath(error: unknown): error is Error {
  return error instanceof Deno.errors.NotCapable ||
    error instanceof Error && "code" in error && typeof error.code === "string" && wrongPath.has(error.code);
}

/** Whether nothing is at the path: no entry of that name, or a file where the path has a folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

function explanationOf(error: Error, path: string): Explanation | null {
  if (error instanceof Deno.errors.NotCapable && /^Requires /.test(error.message)) return permission;
  const raw = /^(.*) \(os error \d+\)/s.exec(error.message)?.[1];
  if (raw === undefined && !error.message.includes("NUL byte")) return null; // explained, or not of a file
  const known = explanations[codeOf(error) ?? ""];
  if (known === undefined) return { meaning: raw ?? error.message, advice: "check the path" };
  const file = error instanceof Deno.errors.NotADirectory ? fileWithin(path) : null;
  return file === null ? known : { ...known, meaning: `${shortened(file)} is a file, not a folder` };
}

function codeOf(error: Error): string | null {
  return "code" in error && typeof error.code === "string" ? error.code : null;
}

/** The part of a path that is a file though the path goes on below it, or is meant as a folder itself. */
function fileWithin(path: string): string | null {
  for (let at = path.replace(/\/+$/, ""); at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
    try {
      return Deno.statSync(at).isFile ? at : null;
    } catch {
      // Nothing is there: what stands in the way is above it.
    }
  }
  return null;
}

function shortened(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 100)}…${path.slice(-60)}`;
}
