import { match, ok, strictEqual } from "node:assert/strict";
import { explained, fileError, isWrongPath } from "../../../stages/disk/file_error.ts";
import { withFolder } from "../../temporary.ts";

const attempt = { action: "read", path: "some/path" };

Deno.test("fileError() explains each error of the system, and keeps its class and code", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    await Deno.symlink("b", `${dir}/a`);
    await Deno.symlink("a", `${dir}/b`);
    const { NotFound, NotADirectory, IsADirectory, FilesystemLoop, AlreadyExists } = Deno.errors;
    const faults: readonly [() => unknown, new (message: string) => Error, RegExp][] = [
      [() => Deno.statSync(`${dir}/none`), NotFound, /: there is no such file or folder: check the path$/],
      [
        () => Deno.statSync(`${dir}/file/none`),
        NotADirectory,
        /: a part of the path is a file, not a folder/,
      ],
      [() => Deno.readTextFileSync(dir), IsADirectory, /: it is a folder, not a file: give a file$/],
      [() => Deno.statSync(`${dir}/a`), FilesystemLoop, /: its symbolic links form a loop/],
      [() => Deno.mkdirSync(`${dir}/file`), AlreadyExists, /: something is there already/],
      [() => Deno.statSync(`${dir}/${"n".repeat(300)}`), Error, /: the name is too long: give a shorter one/],
      [() => Deno.statSync(`${dir}/a\0b`), Error, /: the path is not valid/],
    ];
    for (const [cause, Class, message] of faults) {
      const error = fileError(caught(cause), attempt);
      match(error.message, /^Cannot read some\/path: /);
      match(error.message, message);
      ok(error instanceof Class, error.name);
      ok(isWrongPath(error), error.message);
      strictEqual(fileError(error, attempt), error); // an explained error is not explained again
    }
  }));

Deno.test("fileError() explains errors that a test cannot cause everywhere", () => {
  const faults: readonly [string, string, RegExp, boolean][] = [
    ["EACCES", "Permission denied (os error 13)", /lacks the permission/, true],
    ["EPERM", "Operation not permitted (os error 1)", /does not permit/, true],
    ["EROFS", "Read-only file system (os error 30)", /read-only/, true],
    ["ENOSPC", "No space left on device (os error 28)", /disk is full: make room/, false],
    ["EDQUOT", "Disk quota exceeded (os error 122)", /quota is used up: make room/, false],
    ["EIO", "Input/output error (os error 5)", /input\/output error: check the disk/, false],
    ["EMFILE", "Too many open files (os error 24)", /too many files are open: .*ulimit/, false],
    ["EXDEV", "Invalid cross-device link (os error 18)", /Invalid cross-device link: check the path/, false],
  ];
  for (const [code, text, message, wrongPath] of faults) {
    const error = fileError(Object.assign(new Error(text), { code }), attempt);
    match(error.message, message);
    strictEqual(error.name, "FileError");
    strictEqual(isWrongPath(error), wrongPath, code);
  }
  const { NotCapable } = Deno.errors;
  const error = fileError(new NotCapable(`Requires read access to "/dev/x", run again with …`), attempt);
  match(error.message, /^Cannot read some\/path: Deno's permissions for this task do not include it/);
  ok(error instanceof NotCapable);
});

Deno.test("fileError() names the file in the middle of a path, takes a hint, and shortens a long path", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    const path = `${dir}/file/a/b`;
    const error = fileError(caught(() => Deno.statSync(path)), {
      action: "read",
      path,
      hint: "give another --source",
    });
    strictEqual(
      error.message,
      `Cannot read ${path}: ${dir}/file is a file, not a folder: give another --source`,
    );
    const long = `${dir}/${"n".repeat(3000)}`;
    const { message } = fileError(caught(() => Deno.statSync(long)), { action: "read", path: long });
    ok(message.length < 400, message);
    for (const [length, isWhole] of [[199, true], [200, true], [201, false]] as const) {
      const path = `/${"n".repeat(length - 1)}`,
        error = Object.assign(new Error("none (os error 2)"), { code: "ENOENT" });
      strictEqual(fileError(error, { action: "read", path }).message.includes(path), isWhole, `${length}`);
    }
  }));

Deno.test("fileError() returns other errors as they are", () => {
  const error = new RangeError("Cannot use --steps 0");
  strictEqual(fileError(error, attempt), error);
});

Deno.test("explained() takes the path and what was tried from the system's own message", () => {
  match(
    explained(caught(() => Deno.openSync("/no/such/it's"))).message,
    /^Cannot open \/no\/such\/it's: there is no such file or folder/,
  );
  match(explained(caught(() => Deno.renameSync("/no/a", "/no/b"))).message, /^Cannot rename \/no\/a: /);
  const full = Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  match(explained(full).message, /^the disk is full: make room/i);
  const other = new Error("Cannot train");
  strictEqual(explained(other), other);
});

function caught(cause: () => unknown): Error {
  try {
    cause();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("Nothing was thrown");
}
