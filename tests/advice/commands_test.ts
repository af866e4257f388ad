/**
 * Types every command that the program prints: the lines "Next:", "To resume:", "To train longer:" and so on.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { allPipelines } from "../pipelines/all_pipelines.ts";
import { runHere } from "../pipelines/in_process.ts";
import { readUntil, withFolder } from "../pipelines/program.ts";
import { shellWords } from "../pipelines/shell_words.ts";
import { literalsIn } from "./literals.ts";

/**
 * The literals that print a command, and the test that types it. A new one must be added here, with a test.
 */
const printed: Readonly<Record<string, string>> = {
  "pipelines/tokenizer.ts To inspect it:": "tokenizer, tokenize, train",
  "pipelines/tokenizer.ts To use it:": "tokenizer, tokenize, train",
  "pipelines/tokenize.ts Next:": "tokenizer, tokenize, train",
  "pipelines/parts/next_steps.ts To train longer:": "tokenizer, tokenize, train",
  "pipelines/parts/next_steps.ts To sample:": "tokenizer, tokenize, train",
  "pipelines/parts/posttrain/chat_end.ts To talk to it:": "tests/pipelines/posttrain/sft_test.ts",
  "pipelines/parts/posttrain/chat_end.ts To sample:": "tests/pipelines/posttrain/sft_test.ts",
  "pipelines/parts/posttrain/chat_end.ts To train it by the rewards of its answers:":
    "tests/pipelines/posttrain/sft_test.ts",
  "pipelines/assistant.ts To talk to it:": "tests/pipelines/posttrain/assistant_test.ts",
  "pipelines/assistant.ts To serve it:": "tests/pipelines/posttrain/assistant_test.ts",
  "pipelines/report_card.ts To talk to it:": "tests/pipelines/posttrain/assistant_test.ts",
  "pipelines/little_world.ts To train on the text:": "tests/pipelines/posttrain/assistant_test.ts",
  "pipelines/cli/main.ts To continue it:": "tokenizer, tokenize, train",
  "pipelines/cli/main.ts To start a new run:": "tokenizer, tokenize, train",
  "pipelines/convert.ts Next:": "tokenizer, tokenize, train",
  "pipelines/parts/fineweb/finish.ts Next:": "fineweb, alone and in several processes",
  "pipelines/parts/fineweb/finish.ts deno task pipeline fineweb":
    "tests/pipelines/fineweb/fineweb_ranks_test.ts types the steps",
  "pipelines/parts/ranks/tokenize_ranks.ts Next:": "tests/pipelines/ranks/tokenize_ranks_test.ts",
  "pipelines/parts/ranks/tokenize_ranks.ts deno task pipeline tokenize":
    "tests/pipelines/ranks/tokenize_ranks_test.ts",
  "pipelines/parts/ranks/tokenize_ranks.ts train the vocabulary first": "names of pipelines",
  "stages/run/record_run.ts To resume:": "an interrupted run",
  "stages/run/record_run.ts To resume from the last checkpoint, if there is one:":
    "an interrupted run: the same command",
  "pipelines/cli/run/speed_hints.ts …: deno task native": "tests/pipelines/cli/run/speed_hints_test.ts",
  "pipelines/cli/run/speed_hints.ts …; if it has AVX2": "tests/pipelines/cli/run/speed_hints_test.ts",
  "pipelines/cli/run/speed_hints.ts …, so only on text that you trust: deno task fast":
    "tests/pipelines/cli/run/speed_hints_test.ts",
  "pipelines/cli/machines/read_machine.ts a report that deno task doctor --json FILE":
    "tests/pipelines/doctor/doctor_gpu_test.ts, and tests/pipelines/parts/machine_lines_test.ts reads one",
  "pipelines/doctor/main.ts Usage: deno task doctor":
    "tests/pipelines/doctor/doctor_gpu_test.ts, and tests/bench/machines reads its documents",
  "pipelines/parts/chat/chat_model.ts No model to talk to": "names of pipelines",
  "pipelines/cli/distributed_options.ts mpi: the processes": "names of pipelines",
  "pipelines/cli/run/execute.ts deno task pipeline": "tests/pipelines/cli/run/recorded_command_test.ts",
  "pipelines/page/playground/training/memory.ts or use it with": "names of pipelines",
  "pipelines/page/playground/worker/open_model.ts This checkpoint has adapters": "names of pipelines",
  "pipelines/page/playground/figures/live_figure.ts": "tests/pipelines/playground/live_figures_test.ts",
  "pipelines/lesson/text.ts deno task pipeline playground": "names of pipelines",
  "pipelines/lesson/tokenizer/tokenizer_claims.ts Languages.": "names of pipelines",
  "kernels/dist/mpi_library.ts Cannot use MPI": "names of pipelines",
  "stages/report/compared_bits.ts Bits per byte are not compared": "names of pipelines",
  "pipelines/lesson/lesson.ts All lessons:": "names of pipelines",
  "pipelines/lesson/lesson.ts Next lesson:": "tests/pipelines/lesson/course_test.ts",
  "pipelines/lesson/page.ts <code>deno task pipeline": "names of pipelines",
  "pipelines/lessons.ts …. …: ……\n   deno task pipeline …": "names of pipelines",
  "pipelines/lesson/tokenizer/failures.ts Try your own texts: `deno task pipeline": "names of pipelines",
};

/** Literals that speak of a command and print none. */
const spoken =
  /^pipelines\/cli\/(list|completion|run_options|launch|help)\.ts|^kernels\/engine\/cpu\/(blas|session)\.ts/;

Deno.test("every literal that prints a command is typed by a test", async () => {
  const found = (await literalsIn(["pipelines", "stages", "kernels"]))
    .filter(({ file, text }) =>
      !spoken.test(file) && /deno task|^(To [a-z ,]+|Next):/.test(text) && text !== "deno task pipeline"
    )
    .map(({ file, text }) => `${file} ${/^(To [a-z ,]+|Next|All lessons):/.exec(text)?.[0] ?? text}`);
  const known = (line: string) => Object.keys(printed).some((key) => line.startsWith(key));
  deepStrictEqual(found.filter((line) => !known(line)), [], "add a test that types the command");
  deepStrictEqual(
    Object.keys(printed).filter((key) => !found.some((line) => line.startsWith(key))),
    [],
    "no longer printed",
  );
});

Deno.test("every pipeline that a message names exists", async () => {
  const names = new Set((await allPipelines()).map(({ name }) => name));
  const wrong = (await literalsIn(["pipelines", "stages", "kernels"])).flatMap(({ file, line, text }) =>
    [...text.matchAll(/deno task (?:pipeline|native|fast) ([a-z][\w-]*)/g)]
      .filter(([, name]) => !names.has(name) && name !== "completion")
      .map(([command]) => `${file}:${line}: ${command}`)
  );
  deepStrictEqual(wrong, []);
});

/** Options of a model so small that a step takes a millisecond. */
const tiny =
  "--layers 1 --heads 2 --channels 16 --seq-len 16 --batch-size 2 --device cpu --workers 1 --warmup 0 --eval-every 0 --sample-every 0"
    .split(" ");

/** Holds out less than these short texts have. */
const held = ["--val-tokens", "300"];

/** Types words, and returns the output. */
async function type(...words: string[]): Promise<string> {
  const { code, out, err } = await runHere(words);
  strictEqual(code, 0, `${words.join(" ")}\n${out}\n${err}`);
  return out;
}

/** Returns the words of the command after a label such as "Next:". */
function advice(out: string, label: string): string[] {
  const line = out.split("\n").find((line) => line.startsWith(label));
  ok(line !== undefined, `no line ${label} in:\n${out}`);
  const [deno, task, pipeline, ...words] = shellWords(line.slice(line.indexOf("deno task")));
  deepStrictEqual([deno, task, pipeline], ["deno", "task", "pipeline"]);
  return words;
}

/** Returns a word of letters: deduplication takes all numbers for the same. */
function wordOf(n: number): string {
  return `${n * n % 99991}`.replace(/\d/g, (digit) => "aeioubdgmn"[Number(digit)]);
}

async function withDocuments(work: (dir: string, file: string) => Promise<void>): Promise<void> {
  await withFolder(async (parent) => {
    const dir = `${parent}/a folder`, file = `${dir}/docs.jsonl`; // a path that must be quoted
    await Deno.mkdir(dir);
    const rows = Array.from({ length: 80 }, (_, i) => {
      const text = Array.from({ length: 40 }, (_, j) => wordOf((i + 1) * 7919 + j * j * 31))
        .join(
          ", ",
        );
      return JSON.stringify({ id: `${i}`, text: `${text}.` });
    });
    await Deno.writeTextFile(file, rows.join("\n"));
    await work(dir, file);
  });
}

Deno.test({
  name: "what tokenizer, tokenize, train and convert advise is accepted as it is printed",
  sanitizeOps: false, // the engine's threads live as long as the process
  sanitizeResources: false,
  fn: () =>
    withDocuments(async (dir, file) => {
      const tokenizer = await type(
        ...["tokenizer", "--source", file, "--vocab-size", "300", "--out", `${dir}/tok`],
      );
      await type(...advice(tokenizer, "To inspect it:"), "--page", `${dir}/page.html`, "--quiet");
      const use = advice(tokenizer, "To use it:").map((word) => word === "…" ? file : word);
      const tokens = await type(...use, ...held, "--out", `${dir}/tokens`, "--workers", "1");
      const train = [...advice(tokens, "Next:"), ...tiny, "--out", `${dir}/run`, "--steps", "3"];
      const trained = await type(...train);
      for (const end of [tokenizer, tokens, trained]) ok(end.trimEnd().split("\n").length <= 15, end);
      const longer = await type(...advice(trained, "To train longer:"), "--workers", "1");
      const sample = [...advice(longer, "To sample:"), "--max-tokens", "3", "--device", "cpu", "--quiet"];
      await type(...sample);
      const finished = await type("train", "--out", `${dir}/run`);
      match(finished, /is finished/);
      await type(...advice(finished, "To continue it:"), "--quiet", "--workers", "1");
      await type(...advice(finished, "To start a new run:"), "--quiet", "--workers", "1");
      for (const to of ["model.bin", "folder"]) {
        const converted = await type("convert", "--from", `${dir}/run`, "--to", `${dir}/${to}`);
        await type(...advice(converted, "Next:"), "--max-tokens", "3", "--device", "cpu", "--quiet");
      }
    }),
});

Deno.test("what fineweb advises is accepted, alone and in several processes", () =>
  withDocuments(async (dir, file) => {
    const fineweb = ["fineweb", "--source", file, "--stages", "minhash", "--workers", "1"];
    const alone = await type(...fineweb, "--out", `${dir}/one`);
    ok(alone.trimEnd().split("\n").length <= 15, alone);
    await type(
      ...advice(alone, "Next:"),
      ...held,
      "--tokenizer",
      "byte",
      "--out",
      `${dir}/t`,
      "--workers",
      "1",
      "--quiet",
    );
    const two = [...fineweb, "--world", "2", "--out", `${dir}/two`];
    await type(...two, "--rank", "0");
    const last = await type(...two, "--rank", "1");
    match(await type(...advice(last, "Next:")), /Next: +deno task pipeline tokenize/);
  }));

Deno.test("what an interrupted run and a failed run advise is accepted", () =>
  withDocuments(async (dir, file) => {
    const source = ["--source", file, "--stages", "none", "--vocab-size", "300", ...held];
    const words = ["fineweb-gpt2", ...source, ...tiny, "--out", `${dir}/run`];
    const cut = await readUntil('"step":3', [...words, "--steps", "100000", "--json"]);
    strictEqual(cut.code, 130, cut.err);
    await type(...advice(cut.err, "To resume:"), "--dry-run");
    const failed = await runHere([
      ...["fineweb-gpt2", ...source, ...tiny, "--out", `${dir}/nan`, "--steps", "50"],
      ...["--lr", "1e30", "--checkpoint-every", "1"],
    ]);
    strictEqual(failed.code, 1, failed.err);
    // The error itself advises these options.
    for (const option of ["--lr", "--warmup", "--grad-clip"]) ok(failed.err.includes(option), failed.err);
    await type(
      "fineweb-gpt2",
      "--out",
      `${dir}/nan`,
      "--lr",
      "1e-4",
      "--warmup",
      "5",
      "--grad-clip",
      "1",
      "--dry-run",
    );
  }));
