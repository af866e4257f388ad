/**
 * Tests the server under load: many clients at once, many requests, and a published model.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import OpenAI from "openai";
import { fingerprint } from "../../../pipelines/serve/served_model.ts";
import { startServer } from "../../../pipelines/serve/server.ts";
import { chatModel } from "../../../pipelines/parts/chat/chat_model.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { TokenGenerator } from "../../../stages/sample/token_generator.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { beforeDeadline, denoBeforeDeadline } from "../../deadline.ts";
import { sharedTest } from "../../shared_data.ts";
import { start } from "../program.ts";
import { question, until, withServer } from "./taught_server.ts";

const options = { sanitizeOps: false, sanitizeResources: false };
const TIME = 900_000; // milliseconds that a test may take on a busy machine

Deno.test({
  name:
    "1,000 requests of 32 clients lose nothing: each answer is the one that it is alone, also where others leave",
  ...options,
  fn: () =>
    withServer({ parallel: 32 }, async ({ client, generator }) => {
      const body = (i: number) => ({
        model: "taught",
        prompt: `<|im_start|>u:${i % 25}`,
        seed: i % 50,
        temperature: 1.5,
        max_tokens: 8 + i % 9,
      });
      const alone = new Map<number, string>();
      for (let i = 0; i < 450; i += 9) {
        alone.set(i % 450, (await client.completions.create(body(i))).choices[0].text);
      }
      let answered = 0, left = 0;
      const work = Array.from({ length: 1000 }, (_, i) => i).values();
      await Promise.all(Array.from({ length: 32 }, async () => {
        for (const i of work) {
          if (i % 10 === 7) {
            const stream = await client.completions.create({ ...body(i), stream: true });
            for await (const _ of stream) break; // the client leaves
            left++;
            continue;
          }
          const { choices: [{ text }] } = await client.completions.create(body(i));
          const wanted = alone.get(i % 450);
          if (wanted !== undefined) equal(text, wanted);
          answered++;
        }
      }));
      deepEqual([answered, left], [900, 100]);
      await until(() => generator.texts.active + generator.texts.waiting === 0);
    }, TIME),
});

Deno.test({
  name: "600 requests at once wait in the queue, and all are answered",
  ...options,
  fn: () =>
    withServer({ parallel: 8 }, async ({ client }) => {
      const answers = await Promise.all(Array.from({ length: 600 }, (_, i) =>
        client.completions.create({ model: "taught", prompt: `${i}`, max_tokens: 2, seed: i })));
      ok(answers.every(({ choices }) =>
        choices.length === 1
      ));
    }, TIME),
});

const SMOL = "models/SmolLM2-135M-Instruct.Q4_1.gguf";

sharedTest("32 clients of SmolLM2 get the tokens that they get alone, and turns are read from their caches", [
  SMOL,
], async (path) => {
  const parallel = 32, context = 192;
  const o = { tokenizer: null, template: null, context, weights: "stored", activations: "f32" } as const;
  const model = await chatModel(path(SMOL), o, { texts: parallel });
  await using session = await openModel(await openCpu(), model);
  const generator = new TokenGenerator(session);
  const server = await startServer({
    models: [{
      ...model,
      id: "smol",
      fingerprint: fingerprint("smol"),
      created: 0,
      generator,
      context,
      parallel,
      toolbox: null,
    }],
    host: "127.0.0.1",
    port: 0,
    token: null,
    cors: [],
    machine: null,
    queue: 1024,
    page: "",
    log: (error) => console.error(error),
  });
  const client = new OpenAI({
    baseURL: `${server.address}/v1`,
    apiKey: "none",
    maxRetries: 0,
    timeout: TIME,
  });
  const ask = async (i: number) => {
    const content = `Tell me about the number ${i}.`;
    const body = { ...question(content), model: "smol", seed: i, temperature: 1, max_tokens: 12 };
    const { choices: [{ message, logprobs }] } = await client.chat.completions.create({
      ...body,
      logprobs: true,
    });
    return { text: message.content, logprobs: logprobs?.content?.map(({ logprob }) => logprob) };
  };
  try {
    await beforeDeadline(
      (async () => {
        const together = await Promise.all(Array.from({ length: 32 }, (_, i) => ask(i)));
        equal(new Set(together.map(({ text }) => text)).size, 32);
        for (const i of [0, 7, 8, 15, 16, 31]) deepEqual(together[i], await ask(i));
        const messages = [{ role: "user" as const, content: "What is the capital of France?" }];
        const first = await client.chat.completions.create({ model: "smol", messages, temperature: 0 });
        equal(first.choices[0].message.content, "The capital of France is Paris.");
        const second = await client.chat.completions.create({
          model: "smol",
          messages: [...messages, first.choices[0].message, { role: "user", content: "And of Italy?" }],
          temperature: 0,
        });
        equal(second.choices[0].message.content, "The capital of Italy is Rome.");
        equal(second.usage?.prompt_tokens_details?.cached_tokens, first.usage?.prompt_tokens);
      })(),
      TIME,
    );
  } finally {
    await server.close(0);
  }
});

sharedTest("the conversation of the README gives the answers that stand there", [SMOL], async (path) => {
  const page = await Deno.readTextFile(new URL("../../../pipelines/serve/README.md", import.meta.url));
  const [, code, wanted] = /```js\n(import OpenAI[^]*?)```\s+```text\n([^]*?)```/.exec(page) ?? [];
  const process = start(["serve", "--checkpoint", path(SMOL), "--port", "0", "--device", "cpu"]);
  const decoder = new TextDecoderStream();
  process.stdout.pipeTo(decoder.writable).catch(() => {});
  const log = new Response(process.stderr).text();
  let out = "";
  for await (const piece of decoder.readable.values({ preventCancel: true })) {
    if ((out += piece).includes("Ctrl-C")) break;
  }
  const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(out) ?? [""],
    script = new URL("readme_talk.js", import.meta.url);
  try {
    await Deno.writeTextFile(script, code.replace("http://127.0.0.1:8000", address));
    const { stdout, stderr } = await denoBeforeDeadline({
      args: ["run", "--quiet", "--lock=deno.lock", "--frozen", "--allow-all", pathOfUrl(script)],
      cwd: pathOfUrl(new URL("../../../", import.meta.url)),
    }, TIME);
    const text = new TextDecoder();
    equal(text.decode(stdout), wanted, `${text.decode(stdout)}${text.decode(stderr)}`);
  } finally {
    await Deno.remove(script);
    try {
      process.kill("SIGTERM");
    } catch {
      console.error(`The server has ended: ${await log}`);
    }
    await process.status;
  }
});
