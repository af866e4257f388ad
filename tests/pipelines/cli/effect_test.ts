import { flagOf } from "../../../stages/report/option_text.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { checkDevice, requirementsOf } from "../../../pipelines/cli/effect.ts";
import { allPipelines } from "../all_pipelines.ts";
import { withFolder } from "../program.ts";
import { runHere } from "../in_process.ts";
import { shellWords } from "../shell_words.ts";

const pipelines = await allPipelines();

/** Command lines of which the first option does nothing, and what the error says besides. */
const idle: readonly (readonly [line: string, says: RegExp])[] = [
  // another optimizer
  [
    "fineweb-gpt2 --muon-lr 0.01",
    /--muon-lr 0.01 does nothing with --optimizer adamw: it needs --optimizer muon$/,
  ],
  ["fineweb-gpt2 --momentum 0.9", /it needs --optimizer muon or sgd$/],
  ["fineweb-gpt2 --beta1 0.9 --optimizer sgd", /it needs --optimizer adamw or muon$/],
  ["train --beta2 0.9 --optimizer sgd", /--optimizer sgd/],
  ["train --eps 1e-9 --optimizer sgd", /--optimizer sgd/],
  // another schedule
  [
    "train --min-lr 1e-5 --schedule constant",
    /--schedule constant: it needs --schedule cosine or linear or wsd$/,
  ],
  ["train --schedule-steps 5 --schedule constant", /--schedule constant/],
  // a detection or an interval that is off
  ["train --on-spike stop", /--skip-spike-z 0: it needs --skip-spike-z Z above 0$/],
  ["train --sample-prompt hello --sample-every 0", /it needs --sample-every N above 0$/],
  ["train --hellaswag-every 5", /does nothing without --hellaswag: it needs --hellaswag FILE$/],
  ["train --hellaswag-items 5", /without --hellaswag/],
  ["train --hellaswag hs.jsonl --hellaswag-every 0", /it needs --hellaswag-every N above 0$/],
  ["eval --hellaswag-items 5", /without --hellaswag/],
  ["train --eval-every 5", /without --val-shards: it needs --val-shards GLOB$/],
  ["train --eval-batches 5", /without --val-shards/],
  // a tokenizer that is ready
  ["fineweb-gpt2 --vocab-size 512 --tokenizer gpt2", /it needs --tokenizer train$/],
  ["fineweb-gpt2 --pattern gpt4 --preset gpt2-124m", /--tokenizer gpt2: it needs --tokenizer train$/],
  ["tokenize --special <|x|>", /--tokenizer gpt2/],
  ["tokenize --tie-break greatest --tokenizer byte", /--tokenizer byte/],
  // a filter that does not run
  ["fineweb --recipe current --stages url,extract", /it needs language or .* among --stages$/],
  ["fineweb --words spacy --stages c4", /among --stages$/],
  ["fineweb --sentences intl --stages gopher-quality", /it needs c4 among --stages$/],
  ["fineweb --url-list lists --stages c4", /it needs url among --stages$/],
  ["fineweb-gpt2 --count-tokenizer gpt2", /it needs count among --stages$/],
  [
    "fineweb --extract-timeout 5s --stages none",
    /does nothing without --stages: it needs extract among --stages$/,
  ],
  ["fineweb --minhash first --stages c4", /it needs minhash among --stages$/],
  ["fineweb --minhash-memory 64 --stages c4", /it needs minhash among --stages$/],
  // no choice left
  [
    "sample --top-k 5 --temperature 0",
    /--top-k 5 does nothing with --temperature 0: it needs --temperature X above 0$/,
  ],
  ["sample --top-p 0.5 --temperature 0", /--temperature 0/],
  ["sample --min-p 0.5 --temperature 0", /--temperature 0/],
  ["sample --seed 5 --temperature 0", /--temperature 0/],
  // the other thing that a pipeline does
  ["tokenizer --source a.txt --inspect hello", /--inspect hello: it needs a command without --inspect/],
  ["tokenizer --damaged skip --inspect hello", /--inspect/],
  ["tokenizer --encoding latin1 --inspect hello", /--inspect/],
  ["tokenizer --split lines --inspect hello", /--inspect/],
  ["eval --encoding latin1", /does nothing without --source: it needs --source URI$/],
  ["eval --split lines", /does nothing without --source: it needs --source URI$/],
  ["tokenizer --vocab-size 300 --inspect hello", /--inspect/],
  ["tokenizer --pattern gpt4 --inspect hello", /--inspect/],
  ["tokenizer --special a --inspect hello", /--inspect/],
  ["tokenizer --tie-break greatest --inspect hello", /--inspect/],
  ["tokenizer --max-characters 5 --inspect hello", /--inspect/],
  ["tokenizer --out x --inspect hello", /--inspect/],
  ["tokenizer --resume never --inspect hello", /--inspect/],
  ["tokenizer --seed 5 --inspect hello", /--inspect/],
  ["tokenizer --workers 1 --inspect hello", /--inspect/],
  ["tokenizer --tokenizer gpt2", /does nothing without --inspect: it needs --inspect TEXT/],
  ["tokenizer --page x.html", /without --inspect/],
  ["convert --vocab-pad 64 --to folder", /--to folder: it needs --to NAME.bin$/],
  ["convert --tokenizer gpt2 --to a.bin", /--to a.bin: it needs a folder as --to$/],
  ["lessons --full", /does nothing without --figures: it needs --figures$/],
  ["lessons --names a.txt", /--figures/],
  ["lessons --text a.txt", /--figures/],
  ["lessons --article a.txt", /--figures/],
  ["lessons --lesson micrograd", /--figures/],
  ["lessons --device cpu", /--figures/],
  ["lessons --workers 1", /--figures/],
  ["lessons --blas off", /--figures/],
  ["lessons --tune f", /--figures|--tune/],
  ["makemore --n-layer 2 --type mlp", /--type mlp: it needs --type transformer or all$/],
  ["makemore --n-head 2 --type mlp", /--type mlp/],
  ["makemore --max-steps 2 --sample-only", /--sample-only: it needs a command without --sample-only$/],
  ["makemore --batch-size 2 --sample-only", /--sample-only/],
  ["makemore --learning-rate 2 --sample-only", /--sample-only/],
  ["makemore --weight-decay 2 --sample-only", /--sample-only/],
];

Deno.test("an option that does nothing with the others' values is refused: why, and what to type", async () => {
  for (const [line, says] of idle) {
    const [name, option, ...rest] = shellWords(line);
    const { code, out, err } = await runHere([name, option, ...rest]);
    strictEqual(code, 2, `${line}: ${out}${err}`);
    match(err.trimEnd(), says);
    ok(err.startsWith(`error: ${option} `) && err.trimEnd().split("\n").length === 1, err);
  }
});

Deno.test("every option that depends on another is among the refused command lines", () => {
  const tried = new Set(idle.map(([line]) => line.split(" ").slice(0, 2).join(" ")));
  const options = new Set([...tried].map((line) => line.split(" ")[1]));
  const missing = pipelines.flatMap(({ name, acting }) =>
    Object.entries(acting)
      .filter(([, option]) => requirementsOf(option).length > 0)
      .map(([option]) => `--${flagOf(option)}`)
      .filter((flag) => !options.has(flag))
      .map((flag) => `${name} ${flag}`)
  );
  deepStrictEqual(missing, []);
});

Deno.test("what asks for what holds anyway is accepted", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, "A text of a few words. ".repeat(9));
    const train = ["fineweb-gpt2", "--source", `${dir}/a.txt`, "--out", `${dir}/run`, "--dry-run"];
    for (
      const more of [
        "--lr 1e-3 --min-lr 1e-3 --schedule constant",
        "--hellaswag-every 0",
        "--eval-every 0 --sample-every 0",
        "--tokenizer train --vocab-size 300 --pattern gpt4",
      ]
    ) strictEqual((await runHere([...train, ...more.split(" ")])).err, "", more);
  });
});

Deno.test("a preset or a config file may contain options that do nothing", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, "A text of a few words. ".repeat(9));
    await Deno.writeTextFile(
      `${dir}/c.json`,
      JSON.stringify({ muonLr: 0.1, minLr: 0.001, schedule: "constant" }),
    );
    const { code, err } = await runHere([
      ...["fineweb-gpt2", "--source", `${dir}/a.txt`, "--config", `${dir}/c.json`, "--out", `${dir}/run`],
      "--dry-run",
    ]);
    deepStrictEqual([code, err], [0, ""]);
  });
});

Deno.test("an option of every pipeline is refused where it does nothing", async () => {
  const refused = [
    [
      "report --device cpu",
      "--device does nothing in report: it computes nothing with a model: leave it out",
    ],
    ["report --preset tiny", "--preset does nothing in report: it has no presets: leave it out"],
    ["sample --out x", "--out does nothing in sample: it writes no run folder: leave it out"],
    [
      "sample --resume auto",
      "--resume does nothing in sample: it keeps no checkpoints and is typed again instead: leave it out",
    ],
    ["fineweb --tune f", "--tune does nothing in fineweb: it computes nothing with a model: leave it out"],
    ["tokenize --log-every 5", "--log-every does nothing in tokenize: it takes no steps: leave it out"],
    ["eval --seed 5", "--seed does nothing in eval: it draws no random numbers: leave it out"],
    ["convert --workers 2", "--workers does nothing in convert: it runs on one thread: leave it out"],
    [
      "tokenizer-lesson --seed 5",
      "--seed does nothing in tokenizer-lesson: it draws no random numbers: leave it out",
    ],
  ];
  for (const [line, says] of refused) {
    const { code, err } = await runHere(line.split(" "));
    deepStrictEqual([code, err], [2, `error: ${says}\n`], line);
  }
});

Deno.test("--tune is refused on the CPU, and --blas on WebGPU", async () => {
  const { err } = await runHere(["fineweb-gpt2", "--tune", "f", "--device", "cpu"]);
  match(err, /^error: --tune does nothing on the CPU, .*: leave it out, or add --device webgpu\n$/);
  let said = "";
  try {
    checkDevice(new Map([["blas", "off"]]), { device: "webgpu" });
  } catch (error) {
    said = String(error);
  }
  match(said, /--blas does nothing on WebGPU, .*: leave it out, or add --device cpu$/);
});
