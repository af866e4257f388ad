import { strictEqual, throws } from "node:assert/strict";
import { LockedError, lockFile } from "../../../stages/disk/lock_file.ts";
import { withFolder } from "../../temporary.ts";

Deno.test("lockFile() refuses a second holder and names the first, until the first releases the lock", () =>
  withFolder(async (dir) => {
    const path = `${dir}/lock`;
    {
      using _lock = lockFile(path, "process 1 on here");
      throws(() => lockFile(path, "process 2"), (error) => {
        return error instanceof LockedError && error.owner === "process 1 on here" &&
          /^Cannot lock .*: process 1 on here holds it$/.test(error.message);
      });
      strictEqual(await Deno.readTextFile(path), "process 1 on here\n"); // the loser did not overwrite it
    }
    using _lock = lockFile(path, "two");
    strictEqual(await Deno.readTextFile(path), "two\n"); // nothing of the longer name is left
  }));

Deno.test("lockFile() takes the lock of a process that was killed", () =>
  withFolder(async (dir) => {
    const path = `${dir}/lock`;
    const module = new URL("../../../stages/disk/lock_file.ts", import.meta.url).href;
    const code = `import { lockFile } from ${JSON.stringify(module)};
      lockFile(${JSON.stringify(path)}, "the child");
      console.log("held");
      setInterval(() => {}, 1000);`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", code],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    throws(() => lockFile(path, "the parent"), { message: /the child holds it/ });
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    using _lock = lockFile(path, "the parent");
    strictEqual(await Deno.readTextFile(path), "the parent\n");
  }));

Deno.test("lockFile() explains a path that cannot be a file", () =>
  withFolder((dir) => {
    throws(() => lockFile(`${dir}/none/lock`, "me"), { message: /^Cannot lock .*: there is no such file/ });
    throws(() => lockFile(dir, "me"), { message: /^Cannot lock .*: it is a folder/ });
    return Promise.resolve();
  }));
