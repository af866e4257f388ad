/**
 * Tests the pipeline `serve` as a process: its address, its end, and what it refuses.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { beforeDeadline } from "../../deadline.ts";
import { sharedTest } from "../../shared_data.ts";
import { errorLine, runsTo, start } from "../program.ts";

const MODEL = "golden/models/llama", FILES = ["config.json", "model.safetensors", "tokenizer.json"];
const files = FILES.map((file) => `${MODEL}/${file}`);

sharedTest("serve answers until Ctrl-C, which lets an answer end", files, async (path) => {
  const process = start([
    "serve",
    "--checkpoint",
    path(MODEL),
    "--port",
    "0",
    "--device",
    "cpu",
    "--workers",
    "1",
  ]);
  const decoder = new TextDecoderStream(), err = new Response(process.stderr).text();
  process.stdout.pipeTo(decoder.writable).catch(() => {});
  let out = "";
  await beforeDeadline((async () => {
    for await (const piece of decoder.readable.values({ preventCancel: true })) {
      if ((out += piece).includes("Ctrl-C")) break;
    }
  })());
  const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(out) ?? [""];
  const { data } = await (await fetch(`${address}/v1/models`)).json();
  deepEqual(data.map(({ id }: { id: string }) => id), ["llama"]);
  match(await (await fetch(address)).text(), /^<!DOCTYPE html>/);
  const response = await fetch(`${address}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      prompt: "a",
      max_tokens: 40,
      logit_bias: { 0: -100, 1: -100, 2: -100 },
      stream: true,
    }),
  });
  process.kill("SIGINT");
  const text = await response.text();
  ok(text.trimEnd().endsWith("data: [DONE]"), text.slice(-300));
  equal((await beforeDeadline(process.status)).code, 130);
  match(await err, /Stopping/);
});

sharedTest("serve says what is wrong with its options before it loads a model", files, async (path) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String((listener.addr as Deno.NetAddr).port), base = ["serve", "--device", "cpu"];
  const model = ["--checkpoint", path(MODEL)];
  try {
    const taken = await runsTo(2, [...base, ...model, "--port", port]);
    match(errorLine(taken), new RegExp(`Cannot listen on 127.0.0.1, port ${port} .*give another --port`));
  } finally {
    listener.close();
  }
  match(errorLine(await runsTo(2, [...base, ...model, "--token", "a b"])), /without blanks/);
  for (
    const [given, advice] of [
      ["http://localhost:5173/", "http://localhost:5173"],
      ["https://Friend.example/chat", "https://friend.example"],
      ["localhost:5173", "http://localhost:3000"],
      ["file:///x.html", "http://localhost:3000"],
    ]
  ) {
    const line = errorLine(await runsTo(2, [...base, ...model, "--cors", given]));
    ok(line.includes(`Cannot use --cors ${given}`) && line.endsWith(`--cors ${advice}`), line);
  }
  for (const cors of ["*", "http://localhost:5173", "HTTPS://Friend.example"]) {
    await runsTo(0, [...base, ...model, "--cors", cors, "--dry-run"]);
  }
  match(
    errorLine(await runsTo(2, [...base, ...model, "--context", "1000000"])),
    /--context 1000000.*at most \d+/,
  );
  match(errorLine(await runsTo(2, [...base, "--checkpoint", "nowhere"])), /Cannot read a model from nowhere/);
  match(errorLine(await runsTo(2, [...base, ...model, "--host", "300.1.1.1"])), /--host/);
  const dry = await runsTo(0, [...base, ...model, "--dry-run"]);
  match(dry.out, /parameters/);
});
