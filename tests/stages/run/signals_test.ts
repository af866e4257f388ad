import { deepStrictEqual } from "node:assert/strict";
import { onInterrupt } from "../../../stages/run/signals.ts";

/**
 * Sends signals to this process, each after a pause in milliseconds, and returns which handlers were called.
 */
async function handled(
  ...signals: readonly (readonly [pause: number, signal: Deno.Signal])[]
): Promise<string[]> {
  const calls: string[] = [];
  using _listening = onInterrupt({
    first: () => calls.push("first"),
    second: () => calls.push("second"),
    preempt: () => calls.push("preempt"),
  });
  for (const [pause, signal] of signals) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    let heard = false;
    const hear = () => void (heard = true);
    Deno.addSignalListener(signal, hear);
    Deno.kill(Deno.pid, signal);
    // A listener alone does not keep the event loop going: a timer does, and lets other listeners run.
    do await new Promise((resolve) => setTimeout(resolve, 5)); while (!heard);
    Deno.removeSignalListener(signal, hear);
  }
  return calls;
}

const ignore = Deno.build.os === "windows"; // a process cannot send itself signals there

Deno.test({
  name: "onInterrupt() takes SIGHUP as SIGTERM, but a further SIGHUP does not stop at once",
  ignore,
  async fn() {
    deepStrictEqual(await handled([0, "SIGHUP"]), ["first"]);
    deepStrictEqual(await handled([0, "SIGHUP"], [600, "SIGHUP"]), ["first"]); // a terminal may repeat it
    deepStrictEqual(await handled([0, "SIGHUP"], [600, "SIGTERM"]), ["first", "second"]);
    deepStrictEqual(await handled([0, "SIGTERM"], [600, "SIGHUP"], [20, "SIGTERM"]), ["first", "second"]);
  },
});

Deno.test({
  name: "onInterrupt() takes signals that follow at once as the same key press",
  ignore,
  async fn() {
    deepStrictEqual(await handled([0, "SIGTERM"], [4, "SIGTERM"]), ["first"]); // as under `deno task`
    deepStrictEqual(await handled([0, "SIGTERM"], [4, "SIGTERM"], [600, "SIGTERM"]), ["first", "second"]);
  },
});

Deno.test({
  name: "onInterrupt() takes SIGUSR2 as the wish of a scheduler, each time",
  ignore,
  async fn() {
    deepStrictEqual(await handled([0, "SIGUSR2"], [20, "SIGUSR2"]), ["preempt", "preempt"]);
  },
});
