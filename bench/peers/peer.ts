/**
 * Peers that train in a process of their own: it says a line when it is ready, then answers numbers of steps with
 * seconds a step.
 *
 * @module
 */
import { TextLineStream } from "../../stages/flow/std.ts";

/** Somebody who trains. */
export interface Peer extends AsyncDisposable {
  /** For the table. */
  readonly name: string;
  /** Seconds a step over so many. */
  measure(steps: number): Promise<number>;
}

/** Starts a process; `nameOf` makes the peer's name of the line that matches `ready`. Throws Error if it ends before. */
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
