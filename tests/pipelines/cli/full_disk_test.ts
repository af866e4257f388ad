import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { readEvents } from "../../../stages/report/metrics.ts";

const program = new URL("run.ts", import.meta.url).pathname;

/** Calls a command with a file system of `size` over its folder; null where this user may not have one. */
async function onSmallDisk<T>(
  size: string,
  test: (
    call: (command: string, ...args: string[]) => Promise<{ code: number; err: string }>,
    folder: string,
  ) => Promise<T>,
): Promise<T | null> {
  const folder = await Deno.makeTempDir();
  const call = async (command: string, ...args: string[]) => {
    const { code, stderr } = await new Deno.Command(command, {
      args,
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    return { code, err: new TextDecoder().decode(stderr) };
  };
  try {
    if ((await call("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder)).code !== 0) return null;
    try {
      return await test(call, folder);
    } finally {
      await call("umount", "-l", folder);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null; // no `mount` here
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const name = "a full disk ends a run with a mend, and it goes on once there is room";
const there = await onSmallDisk("64k", () => Promise.resolve(true));
Deno.test({
  name: there ? name : `${name} (ignored: this user may not mount a small file system)`,
  ignore: !there,
  async fn() {
    const done = await onSmallDisk("128k", async (call, folder) => {
      const run = (count: number) => {
        const words = ["sum-numbers", "--device", "cpu", "--steps", String(count)];
        return call(Deno.execPath(), "run", "-A", "--no-check", "--quiet", program, ...words);
      };
      const full = await run(1_000_000);
      strictEqual(full.code, 1);
      match(full.err, /\nerror: .*os error 28.*: make room .*again[^\n]*\n$/);
      await call("mount", "-o", "remount,size=4m", folder);
      const file = `${folder}/runs/sum-numbers/metrics.jsonl`;
      const wanted = steps(await readEvents(file)).length + 10;
      const { code, err } = await run(wanted);
      deepStrictEqual([code, steps(await readEvents(file))], [0, [...Array(wanted).keys()]], err);
      return true;
    });
    strictEqual(done, true);
  },
});

function steps(events: Awaited<ReturnType<typeof readEvents>>): number[] {
  return events.flatMap((event) => event.type === "step" ? [event.step] : []);
}
