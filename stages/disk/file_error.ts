/**
 * Explains file system errors: the message names the action and the path, what went wrong, and what to do
 * instead.
 *
 * @module
 */

/** An action that the system refused, and the path that it concerned. */
export interface FileAttempt {
  /** Completes "Cannot … PATH": "read", "write". */
  readonly action: string;
  readonly path: string;
  /** What to do instead. Default: general advice for the system's error. */
  readonly hint?: string;
}

/** A file system error, such as a full disk or a name that is too long, for which Deno has no class. */
export class FileError extends Error {
  override readonly name: string = "FileError";
}

/** For each explained error, the original system error and the attempted action. */
const attempts = new WeakMap<Error, FileAttempt & { readonly thrown: Error }>();

type Explanation = Readonly<{ meaning: string; advice: string }>;

const explanations: Readonly<Record<string, Explanation>> = {
  ENOENT: { meaning: "there is no such file or folder", advice: "check the path" },
  ENOTDIR: { meaning: "a part of the path is a file, not a folder", advice: "check the path" },
  EISDIR: { meaning: "it is a folder, not a file", advice: "give a file" },
  EEXIST: { meaning: "something is there already", advice: "give another path, or move it away" },
  ENOTEMPTY: { meaning: "the folder is not empty", advice: "give another path, or move its files away" },
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

/** Codes of errors that a user could avoid by giving another path. */
const wrongPathCodes = new Set(
  "ENOENT ENOTDIR EISDIR EEXIST ENOTEMPTY EACCES EPERM ELOOP ENAMETOOLONG EROFS EINVAL".split(" "),
);

/**
 * Returns the error to throw instead of a system error. It has the same class (such as Deno.errors.NotFound;
 * a FileError if Deno has no class for the error), the same code, and the system error as its cause. An error
 * that does not come from the system, or that is explained already, is returned unchanged.
 */
export function fileError(error: unknown, { action, path, hint }: FileAttempt): Error {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const explanation = isSystemError(thrown) ? explanationOf(thrown, path) : null;
  if (explanation === null) return thrown;
  const { meaning, advice } = explanation;
  const made = derived(thrown, `Cannot ${action} ${shortened(path)}: ${meaning}: ${hint ?? advice}`);
  attempts.set(made, { thrown, action, path, ...(hint !== undefined && { hint }) });
  return made;
}

/**
 * Does the same as `fileError` for a caller that has only the error: the path and the action are taken from
 * the system's message, such as "No such file or directory (os error 2): stat 'PATH'". `hintFor` returns a
 * hint for a path, which also replaces the general advice in an error that `fileError` has made.
 */
export function explained(
  error: Error,
  hintFor: (path: string) => string | undefined = () => undefined,
): Error {
  const attempt = attempts.get(error) ?? attemptIn(error);
  if (attempt !== null) {
    const hint = attempt.hint ?? hintFor(attempt.path);
    return fileError(attempt.thrown, { ...attempt, ...(hint !== undefined && { hint }) });
  }
  if (!isSystemError(error)) return error;
  const { meaning, advice } = explanationOf(error, "");
  return derived(error, `${meaning[0].toUpperCase()}${meaning.slice(1)}: ${advice}`);
}

/** Returns the action and path of a system error, from its message. Returns null if the message has none. */
function attemptIn(thrown: Error): FileAttempt & { readonly thrown: Error } | null {
  const match = /: (\w+) '(.*?)'(?: -> '.*')?$|access to "(.*?)"/s.exec(thrown.message);
  if (match === null || !isSystemError(thrown)) return null;
  return { thrown, action: actions[match[1]] ?? "use", path: match[2] ?? match[3] };
}

/** Actions, keyed by the words that Deno's messages use for them. */
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

/** Returns what went wrong and what to do, for messages that name the action and the path themselves. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const attempt = attempts.get(error) ??
    (isSystemError(error) ? { thrown: error, path: "", hint: undefined } : null);
  if (attempt === null) return error.message;
  const { meaning, advice } = explanationOf(attempt.thrown, attempt.path);
  return `${meaning}: ${attempt.hint ?? advice}`;
}

/**
 * Returns whether an error comes from the file system or from Deno's file permissions, and is not explained
 * yet.
 */
export function isSystemError(error: Error): boolean {
  if (error instanceof Deno.errors.NotCapable) {
    return /^Requires (read|write|all) access to/.test(error.message);
  }
  return /\(os error \d+\)/.test(error.message) && codeOf(error) !== null ||
    error.message.includes("unexpected NUL byte");
}

/** Returns whether another path could avoid the error. */
export function isWrongPath(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error instanceof Deno.errors.NotCapable) return isSystemError(error) || attempts.has(error);
  return wrongPathCodes.has(codeOf(error) ?? "");
}

/**
 * Returns whether the error means that nothing exists at the path, possibly because a part of the path is a
 * file, not a folder.
 */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

function explanationOf(error: Error, path: string): Explanation {
  if (error instanceof Deno.errors.NotCapable) {
    return { meaning: "Deno's permissions for this task do not include it", advice: "give another path" };
  }
  const known = explanations[codeOf(error) ?? ""];
  if (known === undefined) {
    return { meaning: error.message.replace(/ \(os error \d+\).*$/s, ""), advice: "check the path" };
  }
  const { NotADirectory, AlreadyExists } = Deno.errors; // AlreadyExists: a file is where the folder should be
  const file = error instanceof NotADirectory || error instanceof AlreadyExists ? fileWithin(path) : null;
  return file === null ? known : { ...known, meaning: `${shortened(file)} is a file, not a folder` };
}

function codeOf(error: Error): string | null {
  return "code" in error && typeof error.code === "string" ? error.code : null;
}

/** Returns an error of the same class and code with another message. */
function derived(thrown: Error, message: string): Error {
  const Class = Object.values(Deno.errors).find((each) => thrown instanceof each) ?? FileError;
  return Object.assign(new Class(message, { cause: thrown }), { code: codeOf(thrown) });
}

/** Returns the beginning of a path that should be a folder but is a file. Returns null if there is none. */
function fileWithin(path: string): string | null {
  for (let at = path.replace(/\/+$/, ""); at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
    try {
      return Deno.statSync(at).isFile ? at : null;
    } catch {
      // Nothing exists at this beginning of the path, so a shorter one is tried.
    }
  }
  return null;
}

function shortened(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 100)}…${path.slice(-60)}`;
}
