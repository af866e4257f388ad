import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { claimFolder, claimPageFolder, claimRankFolder } from "../../../stages/run/claim.ts";
import { readRunFolder } from "../../../stages/run/folder.ts";
import { requireLocal } from "../../../stages/run/own_folder.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import { withFolder } from "../../temporary.ts";

const entries = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const refused = (message: RegExp) => (error: unknown) =>
  error instanceof UsageError && message.test(error.message);

Deno.test("claimFolder() refuses a second owner and says who the first is, then leaves nothing", () =>
  withFolder(async (dir) => {
    const folder = `${dir}/runs/a`;
    {
      using _claim = await claimFolder(folder);
      const who = `process ${Deno.pid} on host ${Deno.hostname()}, since \\d{4}-\\d\\d-\\d\\d [\\d:]{8} UTC`;
      await rejects(
        claimFolder(folder),
        refused(new RegExp(`Cannot use .*runs/a: ${who}, is running in it`)),
      );
      await rejects(claimFolder(folder, { shared: true }), UsageError);
      deepStrictEqual(entries(folder), ["run.lock"]);
    }
    deepStrictEqual(entries(dir), []);
  }));

Deno.test("claimFolder() lets ranks share a folder, and nobody hold it alone meanwhile", () =>
  withFolder(async (dir) => {
    {
      using _one = await claimFolder(dir, { shared: true });
      {
        using _two = await claimFolder(dir, { shared: true });
        await Deno.mkdir(`${dir}/ranks`);
      }
      await rejects(claimFolder(dir), refused(/is running in it/)); // the second has not removed the lock
    }
    deepStrictEqual(entries(dir), ["ranks"]);
    using _alone = await claimFolder(dir);
  }));

Deno.test("claimFolder() marks what an aborted start leaves, and no mark is left beside config.json", () =>
  withFolder(async (dir) => {
    {
      using _claim = await claimFolder(dir);
      await Deno.mkdir(`${dir}/tokenizer`);
    }
    deepStrictEqual(entries(dir), ["run.lock", "tokenizer"]);
    strictEqual((await readRunFolder(dir)).foreign, false);
    {
      using _claim = await claimFolder(dir);
      await Deno.writeTextFile(`${dir}/config.json`, '{"pipeline":"a","options":{}}');
    }
    deepStrictEqual(entries(dir), ["config.json", "tokenizer"]);
    strictEqual((await readRunFolder(dir)).foreign, false);
  }));

Deno.test("claimFolder() takes the folder of a process that was killed", () =>
  withFolder(async (dir) => {
    const module = new URL("../../../stages/run/claim.ts", import.meta.url).href;
    const code = `import { claimFolder } from ${JSON.stringify(module)};
      await claimFolder(${JSON.stringify(dir)});
      console.log("held");
      setInterval(() => {}, 1000);`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", code],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    await rejects(claimFolder(dir), refused(new RegExp(`process ${child.pid} on host`)));
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    deepStrictEqual(entries(dir), ["run.lock"]); // left by the dead process
    using _claim = await claimFolder(dir);
  }));

Deno.test("claimFolder() refuses symbolic links anywhere below the folder and writes through none", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/target`, "precious");
    await Deno.mkdir(`${dir}/elsewhere`);
    const links: readonly (readonly [string, string])[] = [
      ["metrics.jsonl", "target"],
      ["report.html", "target"],
      ["run.lock", "target"],
      ["data/stats.json", "target"],
      ["checkpoints", "elsewhere"],
      ["shards", "elsewhere"],
      ["samples", "nowhere"],
    ];
    for (const [i, [name, target]] of links.entries()) {
      const folder = `${dir}/run${i}`;
      await Deno.mkdir(`${folder}/data`, { recursive: true });
      await Deno.symlink(`${dir}/${target}`, `${folder}/${name}`);
      await rejects(claimFolder(folder), refused(new RegExp(`${name} is a symbolic link`)));
    }
    strictEqual(await Deno.readTextFile(`${dir}/target`), "precious");
    deepStrictEqual(entries(`${dir}/elsewhere`), []);
    await Deno.symlink(`${dir}/elsewhere`, `${dir}/out`); // --out itself may be a link
    using _claim = await claimFolder(`${dir}/out`);
  }));

Deno.test("claimPageFolder() refuses somebody's files, also such that look like a lock", () =>
  withFolder(async (dir) => {
    for (const text of ["mine", '{"pid":"1","since":"x"}', '{"pid":1}', "[]"]) {
      await Deno.writeTextFile(`${dir}/run.lock`, text);
      await rejects(claimPageFolder(dir), refused(/holds other files and no run/));
      strictEqual(await Deno.readTextFile(`${dir}/run.lock`), text);
    }
    await Deno.remove(`${dir}/run.lock`);
    using _claim = await claimPageFolder(dir);
  }));

Deno.test("requireLocal() refuses addresses and standard output, and names the way to a folder of that name", () => {
  for (
    const path of ["s3://bucket/x", "hf:a/b", "https://a.example/", "file:///tmp/x", "gs://x", "-", "exp:b"]
  ) {
    let message = "";
    try {
      requireLocal(path, "--out");
    } catch (error) {
      message = error instanceof UsageError ? error.message : "";
    }
    match(
      message,
      /^Cannot write to --out .* is no folder of this machine: give a folder \(\.\/.* for one of this name\)$/,
    );
  }
  for (const path of ["runs/a", "./a:b", "/tmp/s3:/x", "C:\\runs", "c:/runs", "..", "a-b.c"]) {
    requireLocal(path, "--out");
  }
});

Deno.test("claimRankFolder() takes the folder of a process of this machine that was killed, and waits for others", () =>
  withFolder(async (dir) => {
    const folder = `${dir}/00003`, said: string[] = [];
    const options = {
      renewal: 20,
      expiry: 200,
      say: (text: string) => said.push(text),
      lost: (why: string) => said.push(why),
    };
    const leave = async (owner: unknown) => {
      await Deno.mkdir(folder, { recursive: true });
      const lease = { holder: "x", owner: JSON.stringify(owner), count: 3 };
      await Deno.writeTextFile(`${folder}/run.lease`, JSON.stringify(lease));
    };
    (await claimRankFolder(folder, options))[Symbol.dispose]();
    const { ino, mtime } = Deno.statSync("/etc/hosts");
    const here = { host: Deno.hostname(), machine: `${ino} ${mtime?.getTime()}` };
    await leave({ pid: 7, ...here, since: "2026-11-29T17:30:01.000Z" });
    (await claimRankFolder(folder, { ...options, expiry: 60_000 }))[Symbol.dispose]();
    deepStrictEqual(said, []);
    await leave({ pid: 7, ...here, machine: "another pod of the name", since: "2026-11-29T17:30:01.000Z" });
    (await claimRankFolder(folder, options))[Symbol.dispose]();
    match(said.splice(0).join(), /^Waiting up to 1 s: process 7 on host/);
    await leave({ pid: 7, host: "beta", since: "2026-11-29T17:30:01.000Z" });
    {
      using _claim = await claimRankFolder(folder, options);
      match(
        said[0],
        /^Waiting up to 1 s: process 7 on host beta, since 2026-11-29 17:30:01 UTC, may still run in/,
      );
      await rejects(claimRankFolder(folder, options), /00003: process \d+ on host .* is running in it/);
    }
    await leave({ pid: 7, host: "beta", since: "2026-11-29T17:30:01.000Z" });
    const renews = setInterval(() => {
      const lease = JSON.parse(Deno.readTextFileSync(`${folder}/run.lease`));
      Deno.writeTextFileSync(`${folder}/run.lease`, JSON.stringify({ ...lease, count: lease.count + 1 }));
    }, 20);
    try {
      await rejects(
        claimRankFolder(folder, { ...options, expiry: 60_000 }),
        /process 7 on host beta, since .* is running in it: wait for its end/,
      );
    } finally {
      clearInterval(renews);
    }
  }));
