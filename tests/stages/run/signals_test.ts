import { deepStrictEqual } from "node:assert/strict";
import { onInterrupt } from "../../../stages/run/signals.ts";

/** Sends signals to this process and returns the names of the handlers that were called. */
async function handled(signals: readonly Deno.Signal[]): Promise<string[]> {
  const calls: string[] = [];
  using _listening = onInterrupt({ first: () => calls.push("first"), second: () => calls.push("second") });
  for (const signal of signals) {
    Deno.kill(Deno.pid, signal);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return calls;
}

Deno.test({
  name: "onInterrupt() takes SIGHUP as SIGTERM, but a further SIGHUP does not stop at once",
  ignore: Deno.build.os === "windows",
  async fn() {
    deepStrictEqual(await handled(["SIGHUP"]), ["first"]);
    deepStrictEqual(await handled(["SIGHUP", "SIGHUP"]), ["first"]); // as a closing terminal sends them
    deepStrictEqual(await handled(["SIGHUP", "SIGTERM"]), ["first", "second"]);
    deepStrictEqual(await handled(["SIGTERM", "SIGHUP", "SIGTERM"]), ["first", "second"]);
  },
});
