/**
 * Measures how fast the playground trains in a browser:
 * `deno run -A --lock=deno.lock bench/page/playground_speed.ts [updates]`.
 *
 * For each model and each way to compute, it opens the built page in Chromium, trains, and prints the median
 * of the tokens per second that the page's worker reports for its updates. The first tenth of the updates is
 * left out. Threads are those of WASM: a machine with a GPU has WebGPU as well, which
 * `deno run … playground_speed.ts UPDATES webgpu` measures.
 *
 * @module
 */
import puppeteer, { type Page } from "puppeteer-core";
import { defaultWish, type EngineWish } from "../../pipelines/page/playground/address.ts";
import type { Answer } from "../../pipelines/page/playground/protocol.ts";
import { defaults, type Settings } from "../../pipelines/page/playground/settings.ts";
import { names, text } from "../../pipelines/lesson/data.ts";
import { buildPlayground } from "../../pipelines/parts/playground/build.ts";
import { serveFolder } from "../../pipelines/parts/playground/serve_folder.ts";

const models: Readonly<Record<string, Settings>> = {
  "the page's default: 3 layers of 96 channels": defaults,
  "2 layers of 64 channels": { ...defaults, layers: 2, channels: 64 },
};
const ways: Readonly<Record<string, Partial<EngineWish>>> = {
  "1 thread": { engine: "single" },
  "2 threads": { engine: "threads", threads: 2 },
  "1 thread without relaxed SIMD": { engine: "single", simd: "plain" },
  "2 threads without relaxed SIMD": { engine: "threads", threads: 2, simd: "plain" },
};

const updates = Number(Deno.args[0] ?? 120);
const measured = Deno.args[1] === "webgpu" ? { WebGPU: { engine: "webgpu" } as const } : ways;
const folder = await Deno.makeTempDir();
const speeches = (await text.open(null)).text;
await buildPlayground(`${folder}/site`, { speeches, names: (await names.open(null)).words.join("\n") });
await using server = serveFolder(`${folder}/site`, { port: 0 });
const chromium = await puppeteer.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"],
  userDataDir: `${folder}/profile`,
  protocolTimeout: 600_000,
});
try {
  const page = await chromium.newPage();
  await page.goto(server.address);
  for (const [model, settings] of Object.entries(models)) {
    for (const [way, wish] of Object.entries(measured)) {
      const speeds = await speedsOf(page, { ...settings, steps: updates }, { ...defaultWish, ...wish });
      console.log(`${model}, ${way}: ${Math.round(median(speeds)).toLocaleString("en-US")} tokens/s`);
    }
  }
} finally {
  await chromium.close();
  await Deno.remove(folder, { recursive: true });
}

/** Trains in a worker of the page, and returns the speed of each update. */
async function speedsOf(page: Page, settings: Settings, wish: EngineWish): Promise<readonly number[]> {
  const request = JSON.stringify({ type: "train", settings, text: speeches, wish });
  const answers = await page.evaluate(`new Promise((resolve) => {
    const worker = new Worker("worker.js"), answers = [];
    worker.onmessage = ({ data }) => {
      answers.push(data);
      if (data.type === "failed" || data.type === "state" && data.state === "done") {
        worker.terminate();
        resolve(answers.filter(({ type }) => type === "steps" || type === "failed"));
      }
    };
    worker.postMessage(${request});
  })`) as Answer[];
  const failed = answers.find((answer) => answer.type === "failed");
  if (failed?.type === "failed") throw new Error(failed.why);
  return answers.flatMap((answer) =>
    answer.type === "steps" ? answer.events.map(({ tokensPerSecond }) => tokensPerSecond) : []
  ).slice(Math.ceil(updates / 10));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
