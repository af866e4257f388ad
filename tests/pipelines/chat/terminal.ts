/**
 * Runs the program at a pseudo terminal, which `script` makes, and types what a person would.
 *
 * @module
 */
import { beforeDeadline } from "../../deadline.ts";
import { task, withDeno } from "../program.ts";

/** Whether `script` of util-linux is here. */
export const hasTerminal = Deno.build.os === "linux" &&
  await new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" }).output()
    .then(({ success }) => success, () => false);

/** A program that runs at a terminal. */
export interface Terminal {
  /** Types these characters; "\r" is Enter, "\x03" Ctrl-C. */
  type(keys: string): Promise<void>;
  /** Waits until what was shown after the last match matches. Throws an error if the program ends first. */
  until(what: RegExp): Promise<RegExpExecArray>;
  /** Waits for the end. Returns the exit code, and all that was shown. */
  ended(): Promise<{ readonly code: number; readonly out: string }>;
}

/**
 * Starts the task `pipeline` with these arguments in a folder, calls `work`, and ends the program if it still
 * runs. Colors and movements of the cursor are left out of what was shown. Throws an error after a minute.
 */
export async function atTerminal(
  args: readonly string[],
  { columns, cwd = new URL("../../../", import.meta.url) }: {
    readonly columns: number;
    readonly cwd?: string | URL;
  },
  work: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  const words = [Deno.execPath(), ...task, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const child = new Deno.Command("script", {
    args: ["-qec", `stty cols ${columns}; exec ${words.join(" ")}`, "/dev/null"],
    cwd,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter(), text = new TextDecoder();
  let out = "", seen = 0, hasEnded = false;
  const reading = (async () => {
    for await (const piece of child.stdout) {
      // deno-lint-ignore no-control-regex
      out = out + text.decode(piece, { stream: true }).replace(/\x1b\[[\d;?]*[A-Za-z]/g, "");
    }
    hasEnded = true;
  })();
  const terminal: Terminal = {
    type: (keys) => writer.write(new TextEncoder().encode(keys)),
    async until(what) {
      while (true) {
        const found = what.exec(out.slice(seen));
        if (found !== null) {
          seen += found.index + found[0].length;
          return found;
        }
        if (hasEnded) throw new Error(`The program ended without ${what}:\n${withDeno(out)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async ended() {
      const { code } = await child.status;
      await reading;
      return { code, out: withDeno(out) };
    },
  };
  try {
    await beforeDeadline(work(terminal));
  } catch (cause) {
    throw new Error(`It failed, and the terminal shows:\n${withDeno(out)}`, { cause });
  } finally {
    if (!hasEnded) child.kill("SIGKILL"); // the terminal ends, and with it the program
    await writer.close().catch(() => {});
    await reading;
    await child.status;
  }
}
