/**
 * Measures what the live page costs a run, and how late it shows a line:
 * `deno run -A bench/page/live_page.ts [pairs] [steps]`; with 0 pairs, the delay alone.
 *
 * Each pair is a training run without `--ui` and one with `--ui` whose page is followed, in alternating
 * order. A plain reader of the event stream shows what the page costs the process of the run; a headless
 * browser on the same machine also takes processor time itself. Starting is not counted. For the delay, lines
 * are appended to a file that `ui` serves, until the step that they hold stands in the page.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import puppeteer, { type Browser } from "puppeteer-core";
import { bytesOfTokens } from "../../stages/format/tokens/token_file.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

const program = pathOfUrl(new URL("../../pipelines/cli/launch.ts", import.meta.url));
const lock = pathOfUrl(new URL("../../deno.lock", import.meta.url));
const BEGIN = 20; // steps before the measurement: starting and the first pages

/** Who follows the page. */
type Reader = "stream" | "browser";

/** What one run took per step. */
interface Cost {
  /** Processor seconds of the run's process. */
  readonly cpu: number;
  /** Median seconds from one step to the next. */
  readonly step: number;
}

const [pairs = 6, steps = 300] = Deno.args.map(Number);
const dir = await Deno.makeTempDir();
await Deno.writeFile(
  `${dir}/train.bin`,
  bytesOfTokens(Uint32Array.from({ length: 200_000 }, (_, i) => (i * i) % 251), 2),
);
const browser = await puppeteer.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  for (const reader of pairs > 0 ? ["stream", "browser"] as const : []) console.log(await compared(reader));
  console.log(await delays(browser));
} finally {
  await browser.close();
  await Deno.remove(dir, { recursive: true });
}

async function compared(reader: Reader): Promise<string> {
  const ratios: { cpu: number; step: number }[] = [];
  for (let i = 0; i < pairs; i++) {
    const order = i % 2 === 0 ? [null, reader] : [reader, null];
    const costs = new Map<Reader | null, Cost>();
    for (const one of order) costs.set(one, await run(one));
    const without = costs.get(null), followed = costs.get(reader);
    if (without === undefined || followed === undefined) continue;
    ratios.push({ cpu: followed.cpu / without.cpu, step: followed.step / without.step });
    console.error(reader, without, followed);
  }
  const list = (of: (ratio: Cost) => number) =>
    `${median(ratios.map(of)).toFixed(4)} (${ratios.map((ratio) => of(ratio).toFixed(3)).join(" ")})`;
  return `followed by a ${reader}: processor time ${list(({ cpu }) => cpu)}, step ${
    list(({ step }) => step)
  }`;
}

/** Trains once. The page is opened as soon as its address is printed. */
async function run(reader: Reader | null): Promise<Cost> {
  const out = `${dir}/run`;
  await Deno.remove(out, { recursive: true }).catch(() => {});
  const options = "--shard-format nanogpt --vocab-size 251 --device cpu --workers 1 --layers 4 --heads 4 " +
    "--channels 128 --seq-len 64 --batch-size 8 --checkpoint-every 0 --inspect-every 50";
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", `--lock=${lock}`, "--frozen", "-A", program, "train"],
      ...options.split(" "),
      ...["--train-shards", `${dir}/train.bin`, "--steps", `${steps}`, "--out", out],
      ...(reader === null ? [] : ["--ui"]),
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const closing = new AbortController();
  const read = follow(child.stderr, { reader, signal: closing.signal });
  const begin = await cpuAt(BEGIN, { out, pid: child.pid });
  const end = await cpuAt(steps - 10, { out, pid: child.pid });
  await child.status;
  closing.abort();
  await read;
  const elapsed = (await stepsIn(out)).map((step) => step.elapsed);
  const times = elapsed.slice(BEGIN).map((seconds, i) => seconds - elapsed[BEGIN + i - 1]);
  return { cpu: (end.seconds - begin.seconds) / (end.step - begin.step), step: median(times) };
}

/** Reads standard error to its end, and lets a reader follow the page whose address stands there. */
async function follow(
  stderr: ReadableStream<Uint8Array<ArrayBuffer>>,
  { reader, signal }: { readonly reader: Reader | null; readonly signal: AbortSignal },
): Promise<void> {
  let text = "", opened = false;
  const reading: Promise<unknown>[] = [];
  for await (const part of stderr.pipeThrough(new TextDecoderStream())) {
    text += part;
    const address = /Live page: (http:\S+)\n/.exec(text)?.[1];
    if (opened || address === undefined) continue;
    opened = true;
    if (reader === "stream") {
      reading.push(
        fetch(address.replace("/?", "/events?"), { signal })
          .then((response) => response.body?.pipeTo(new WritableStream())).catch(() => {}),
      );
    } else {
      const page = await browser.newPage();
      await page.goto(address);
      signal.addEventListener("abort", () => void page.close());
    }
  }
  await Promise.all(reading);
}

/** Waits for a step and returns it with the processor seconds that the process has taken until then. */
async function cpuAt(
  step: number,
  { out, pid }: { readonly out: string; readonly pid: number },
): Promise<{ readonly step: number; readonly seconds: number }> {
  for (;;) {
    const last = (await stepsIn(out)).at(-1);
    if (last !== undefined && last.step >= step) {
      const fields = (await Deno.readTextFile(`/proc/${pid}/stat`)).replace(/.*\) /s, "").split(" ");
      return { step: last.step, seconds: (Number(fields[11]) + Number(fields[12])) / 100 };
    }
    await delay(100);
  }
}

async function stepsIn(out: string): Promise<{ readonly step: number; readonly elapsed: number }[]> {
  const text = await Deno.readTextFile(`${out}/metrics.jsonl`).catch(() => "");
  return text.split("\n").filter((line) => line.startsWith('{"type":"step"') && line.endsWith("}"))
    .map((line) => JSON.parse(line));
}

/** Milliseconds from an appended line to the moment at which the page's text says so. */
async function delays(browser: Browser): Promise<string> {
  const folder = `${dir}/served`;
  await Deno.mkdir(folder);
  const line = (step: number) =>
    `${
      JSON.stringify({
        type: "step",
        step,
        loss: 5 / (1 + step),
        gradNorm: 1,
        lr: 1e-3,
        tokens: step,
        tokensPerSecond: 1,
        elapsed: step,
      })
    }\n`;
  await Deno.writeTextFile(`${folder}/metrics.jsonl`, `{"type":"run","pipeline":"x"}\n${line(0)}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", `--lock=${lock}`, "--frozen", "-A", program, "ui", folder],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const page = await browser.newPage();
  await page.goto(/http:\S+/.exec(value)?.[0] ?? "");
  const seen = (step: number) =>
    page.evaluate(`new Promise((resolve) => {
      const shown = () => document.querySelector(".fact b")?.textContent === "${
      step + 1
    }" && resolve(Date.now());
      new MutationObserver(shown).observe(document.body, { subtree: true, childList: true, characterData: true });
      shown();
    })`) as Promise<number>;
  const times: number[] = [];
  for (let step = 1; step <= 40; step++) {
    await delay(100 + 37 * (step % 20));
    const shown = seen(step), written = Date.now();
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, line(step), { append: true });
    times.push(await shown - written);
  }
  child.kill("SIGINT");
  await child.status;
  await reader.cancel();
  return `from a written line to the page: median ${median(times)} ms, most ${
    Math.max(...times)
  } ms, ${times.length} lines`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
