/**
 * Peers that train in a separate process. The process prints a line when it is ready. Then it reads a number
 * of steps from each line of its input and answers with the seconds per step.
 *
 * @module
 */
import { TextLineStream } from "../../stages/flow/std.ts";

/** A program or library that is measured. */
export interface Peer extends AsyncDisposable {
  /** Name for tables. */
  readonly name: string;
  /** Performs `steps` training steps and returns the seconds per step. */
  measure(steps: number): Promise<number>;
}

/**
 * Starts a process and waits for a line that matches `ready`, from which `nameOf` makes the peer's name.
 * Throws Error, with `hint`, if the process ends before it prints such a line.
 */
export async function startPeer(
  command: readonly string[],
  { ready, nameOf, hint, env = {} }: {
    readonly ready: RegExp;
    readonly nameOf: (line: string) => string;
    readonly hint: string;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<Peer> {
  const [program, ...args] = command;
  const child = new Deno.Command(program, { args, env: { ...env }, stdin: "piped", stdout: "piped" }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    .getReader();
  const writer = child.stdin.getWriter();
  const next = async () => {
    const { value } = await lines.read();
    if (value === undefined) throw new Error(`Cannot measure ${program}: it ended: ${hint}`);
    return value;
  };
  let line = await next();
  while (!ready.test(line)) line = await next();
  return {
    name: nameOf(line),
    async measure(steps) {
      await writer.write(new TextEncoder().encode(`${steps}\n`));
      return Number(await next());
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await child.status;
    },
  };
}
