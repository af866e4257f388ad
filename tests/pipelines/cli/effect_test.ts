import { flagOf } from "../../../stages/report/option_text.ts";
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { checkDevice, idleOnDevice, requirementsOf } from "../../../pipelines/cli/effect.ts";
import { allPipelines } from "../all_pipelines.ts";
import { withFolder } from "../program.ts";
import { minute, runHere, runsHere, withShard } from "../in_process.ts";
import { shellWords } from "../shell_words.ts";

const pipelines = await allPipelines();

/** Command lines of which the first option does nothing, and what the error says besides. */
const idle: readonly (readonly [line: string, says: RegExp])[] = [
  // another optimizer
  [
    "fineweb-gpt2 --muon-lr 0.01 --optimizer adamw",
    /--muon-lr 0.01 does nothing with --optimizer adamw: it needs --optimizer muon$/,
  ],
  ["fineweb-gpt2 --momentum 0.9 --optimizer adamw", /it needs --optimizer muon or sgd$/],
  ["fineweb-gpt2 --beta1 0.9 --optimizer sgd", /it needs --optimizer adamw or muon$/],
  ["train --beta2 0.9 --optimizer sgd", /--optimizer sgd/],
  ["train --eps 1e-9 --optimizer sgd", /--optimizer sgd/],
  // the price of an hour without a plan, and files of a task that reads none
  ["assistant --hour-price 2", /--hour-price 2 does nothing without --dry-run: it needs --dry-run$/],
  ["assistant --task-source a.jsonl", /--task-source a.jsonl does nothing with --task assistant/],
  ["report-card --source a.jsonl", /--source a.jsonl does nothing with --task assistant/],
  ["report-card --search-folder notes", /it needs --tools search$/],
  ["report-card --memory facts.json", /it needs --tools memory$/],
  // a page that is not served
  ["playground --port 8080 --no-serve", /--port 8080 does nothing without --serve: it needs --serve$/],
  // another schedule
  [
    "train --min-lr 1e-5 --schedule constant",
    /--schedule constant: it needs --schedule cosine or linear or wsd$/,
  ],
  ["train --schedule-steps 5 --schedule constant", /--schedule constant/],
  // another architecture
  ["train --gelu erf --architecture llama", /--architecture llama: it needs --architecture gpt$/],
  ["train --bias --architecture llama", /it needs --architecture gpt$/],
  ["fineweb-gpt2 --dropout 0.1 --architecture llama", /it needs --architecture gpt$/],
  ["train --key-heads 2", /--architecture gpt: it needs --architecture llama or nanochat$/],
  ...["train", "fineweb-gpt2"].flatMap((name): [string, RegExp][] => [
    [`${name} --tie --architecture nanochat`, /it needs --architecture gpt or llama$/],
    [`${name} --norm-eps 1e-6 --architecture nanochat`, /it needs --architecture gpt or llama$/],
    [`${name} --window-pattern L`, /it needs --architecture nanochat$/],
  ]),
  ["train --head-width 16", /it needs --architecture llama$/],
  ["fineweb-gpt2 --hidden 64", /it needs --architecture llama$/],
  ["train --gate gelu", /it needs --architecture llama$/],
  ["train --attention-bias qkv", /it needs --architecture llama$/],
  ["train --mlp-bias", /it needs --architecture llama$/],
  ["train --init-std 0.1", /it needs --architecture llama$/],
  ["train --query-norm", /it needs --architecture llama$/],
  ["train --gemma", /it needs --architecture llama$/],
  ["train --attention-cap 50", /it needs --architecture llama$/],
  ["train --logit-cap 30", /it needs --architecture llama$/],
  ["train --window 8", /it needs --architecture llama$/],
  ["train --rope-every 4", /it needs --architecture llama$/],
  ["train --rope-base 1e5", /it needs --architecture llama$/],
  ["train --global-every 2 --architecture llama", /--window 0: it needs --window N above 0$/],
  ["train --local-rope-base 1e5 --architecture llama", /--window 0: it needs --window N above 0$/],
  // a detection or an interval that is off
  ["train --on-spike stop", /--skip-spike-z 0: it needs --skip-spike-z Z above 0$/],
  ["train --sample-prompt hello --sample-every 0", /it needs --sample-every N above 0$/],
  ["train --hellaswag-every 5", /does nothing without --hellaswag: it needs --hellaswag FILE$/],
  ["train --hellaswag-items 5", /without --hellaswag/],
  ["train --hellaswag hs.jsonl --hellaswag-every 0", /it needs --hellaswag-every N above 0$/],
  ["eval --hellaswag-items 5", /without --hellaswag/],
  ["train --eval-every 5", /without --val-shards: it needs --val-shards GLOB$/],
  ["train --eval-batches 5", /without --val-shards/],
  [
    "train --eval-batches 5 --val-shards v.bin --eval-every 0",
    /--eval-every 0: it needs --eval-every N above 0$/,
  ],
  ["fineweb-gpt2 --eval-batches 5 --eval-every 0", /it needs --eval-every N above 0$/],
  // shards and texts of another kind
  ["train --shard-format nanogpt --train-shards x.ds", /it needs shards in \.bin files$/],
  ["eval --shard-format nanogpt --source a.txt", /it needs a command without --source$/],
  [
    "fineweb --damaged skip",
    /--damaged skip does nothing with --source embedded: it needs --source of another kind than embedded$/,
  ],
  ["tokenize --split lines --source a.jsonl", /it needs --source of plain text \(\.txt, \.md, \.csv\)$/],
  ["fineweb-gpt2 --encoding latin1 --source embedded:sotu", /it needs --source of plain text/],
  ["eval --split lines --source a.parquet", /it needs --source of plain text/],
  ["tokenizer --encoding latin1 --source -", /it needs --source of plain text/],
  ["tokenize --seed 5 --source a.txt", /it needs --source embedded or several sources$/],
  ["tokenizer --seed 5 --source a.txt", /it needs --source embedded or several sources$/],
  ["fineweb --seed 5 --source a.txt --source b.txt", /it needs --source embedded$/],
  // a tokenizer that is ready
  ["fineweb-gpt2 --vocab-size 512 --tokenizer gpt2", /it needs --tokenizer train$/],
  ["fineweb-gpt2 --pattern gpt4 --preset gpt2-124m", /--tokenizer gpt2: it needs --tokenizer train$/],
  ["tokenize --separator-token <|x|> --separator none", /--separator none: it needs --separator before$/],
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
  ["fineweb --extract-favor recall --stages c4", /it needs extract among --stages$/],
  ["fineweb --extract-comments keep --stages c4", /it needs extract among --stages$/],
  ["fineweb --extract-markup markdown --stages c4", /it needs extract among --stages$/],
  ["fineweb --http-errors keep --source a.txt", /it needs --source of web archives \(\.warc\)$/],
  ["fineweb --minhash first --stages c4", /it needs minhash among --stages$/],
  ["fineweb --minhash-memory 64 --stages c4", /it needs minhash among --stages$/],
  ["fineweb --minhash-records short --stages c4", /it needs minhash among --stages$/],
  ["fineweb --minhash-records short --minhash first", /it needs --minhash cluster$/],
  // a source without records, or not of the Hub
  ["fineweb --text-key body --source a.txt", /--source a.txt: it needs --source of records \(\.jsonl, /],
  ["tokenize --id-key key --source a.txt", /it needs --source of records/],
  ["fineweb-gpt2 --hub-token f --source a.txt", /--source a.txt: it needs --source hf:OWNER\/NAME$/],
  // no choice left
  [
    "sample --top-k 5 --temperature 0",
    /--top-k 5 does nothing with --temperature 0: it needs --temperature X above 0$/,
  ],
  ["sample --top-p 0.5 --temperature 0", /--temperature 0/],
  ["sample --min-p 0.5 --temperature 0", /--temperature 0/],
  ["sample --seed 5 --temperature 0", /--temperature 0/],
  // nothing to multiply as it is
  ["sample --activations i8 --weights f32", /--weights f32: it needs --weights stored$/],
  ["eval --activations i8 --weights f32", /--weights f32: it needs --weights stored$/],
  // the other thing that a pipeline does
  ["tokenizer --source a.txt --inspect hello", /--inspect hello: it needs a command without --inspect/],
  ["tokenizer --damaged skip --inspect hello", /--inspect/],
  ["tokenizer --encoding latin1 --inspect hello", /--inspect/],
  ["tokenizer --split lines --inspect hello", /--inspect/],
  ["eval --encoding utf-16le", /does nothing without --source: it needs --source URI$/],
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
  ["convert --tokenizer gpt2 --to a.bin", /--to a.bin: it needs a folder or a .gguf as --to$/],
  ["convert --llama2c-version 1 --to folder", /--to folder: it needs --to NAME.bin$/],
  ["convert --dtype q8_0 --to folder", /--to folder: it needs --to NAME.gguf$/],
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
  ["makemore --n-embd 2 --type bigram", /--type bigram: it needs --type all or .*transformer/],
  ["makemore --n-embd2 2 --type transformer", /--type transformer: it needs --type all or /],
  // the length of a lesson is given, or its solution is run
  [
    "makemore --full --max-steps 5",
    /--max-steps 5: it needs a command without --max-steps and --sample-only$/,
  ],
  ["makemore --full --sample-only", /it needs a command without --max-steps and --sample-only$/],
  ["makemore-mlp --full --steps 500", /--steps 500: it needs a command without --steps$/],
  ["makemore-batchnorm --full --steps 500", /--steps 500/],
  ["makemore-backprop --full --steps 500", /--steps 500/],
  ["makemore-wavenet --full --steps 500 --solution E01", /--steps 500/],
  ["shakespeare --full --preset nanogpt-cpu", /it needs a command without --preset$/],
  ["shakespeare --preset nanogpt-cpu --scale", /it needs a command without --scale$/],
  ["shakespeare --scale --solution EX1", /--solution EX1: it needs the lesson itself$/],
  ["makemore-mlp --full --solution E02", /--solution E02: it needs the lesson itself or --solution E01$/],
  ["makemore-mlp --steps 500 --solution E02", /it needs the lesson itself or .* E01 or --solution E03$/],
  ["makemore-bigram --seed 5 --solution E02", /--solution E02/],
  ["micrograd --source points.csv --solution E01", /--solution E01/],
  ["micrograd --device cpu --solution E01", /it needs the lesson itself or --solution E04$/],
  ["micrograd --workers 1 --solution E01", /it needs the lesson itself or --solution E04$/],
  ["micrograd --blas off --solution E01", /it needs the lesson itself or --solution E04$/],
  ["tokenizer-lesson --vocab-size 300 --solution E03", /--solution E03/],
  ["makemore --type mlp --solution E01", /--solution E01/],
  ["makemore --top-k 5 --solution E01", /--solution E01/],
  ["makemore --resume auto --solution E01", /--solution E01/],
  ["makemore --sample-only --solution E01", /--solution E01/],
  ["makemore --max-steps 2 --sample-only", /--sample-only: it needs a command without --sample-only$/],
  ["makemore --batch-size 2 --sample-only", /--sample-only/],
  ["makemore --learning-rate 2 --sample-only", /--sample-only/],
  ["makemore --weight-decay 2 --sample-only", /--sample-only/],
  // a model to train further is given, or a new one
  ["sft --data a.jsonl", /--data a.jsonl does nothing without --init-from: it needs --init-from PATH$/],
  ["sft --hub-token f", /it needs --init-from PATH$/],
  ["sft --pack best-fit", /it needs --init-from PATH$/],
  ["sft --world-steps 5 --init-from a.bin", /it needs a command without --init-from$/],
  ["sft --lora 2", /it needs --init-from PATH$/],
  ["sft --lora-alpha 2", /it needs --lora R above 0$/],
  ["sft --lora-targets q_proj", /it needs --lora R above 0$/],
  ["sft --lora-rs", /it needs --lora R above 0$/],
  ["sft --lora-dropout 0.1", /it needs --lora R above 0$/],
  ["train --vocab-pad 8 --lora 2 --init-from a.bin", /it needs a command without --lora$/],
  ["train --no-tie --lora 2 --init-from a.bin", /it needs a command without --lora$/],
  ["sft --task arithmetic", /it needs --init-from PATH$/],
  ["sft --check-every 5 --init-from a.bin", /does nothing without --task: it needs --task NAME$/],
  ["sft --check-items 5 --check-every 0", /it needs --check-every N above 0$/],
  ["dpo --label-smoothing 0.2", /it needs --loss robust$/],
  [
    "rl --scale-rewards none --algorithm rloo",
    /it needs --algorithm grpo, bnpo, dr-grpo, dapo, gspo or cispo$/,
  ],
  ["rl --scale-rewards batch --algorithm reinforce", /it needs --algorithm grpo, bnpo, .* or cispo$/],
  ["rl --epsilon-high 2", /it needs --algorithm cispo$/],
  ["rl --kl-estimator k1", /it needs --kl X above 0$/],
  // a tool that is not offered
  ["rl --search-folder notes", /does nothing without --tools: it needs --tools search$/],
  ["rl --memory facts.txt", /it needs --tools memory$/],
  // a single process, or no outer steps
  ["train --reduce library", /--distributed off: it needs --distributed mpi$/],
  ["train --overlap off", /--distributed off: it needs --distributed mpi$/],
  ["train --outer-every 5", /it needs --distributed mpi$/],
  ["train --outer-lr 0.5 --distributed mpi", /does nothing without --outer-every: it needs --outer-every N$/],
  ["train --outer-momentum 0.5 --distributed mpi", /it needs --outer-every N$/],
  ["train --distributed-timeout 5s", /it needs --distributed mpi$/],
  // no --dry-run
  ["fineweb-gpt2 --machine h200", /--machine h200 does nothing without --dry-run: it needs --dry-run$/],
  ["sample --machine h200", /it needs --dry-run$/],
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

/**
 * Options without a declared condition that always act: those of every pipeline, and a pipeline's own. An
 * option that is new belongs here, or it says with `requires` what it needs.
 */
const always: Readonly<Record<string, string>> = {
  "*": "out resume config preset dryRun help quiet json color logEvery trace ui events",
  "assistant": "seed device source data task base sft rl talk",
  "chat":
    "checkpoint context device maxCalls maxTokens memory repetitionPenalty system temperature template think " +
    "tokenizer tools weights",
  "chat-format": "solution",
  "convert": "from to",
  "dpo":
    "seed device loss beta initFrom template seqLen batchSize gradAccum gradSum distributed recompute optimizer weightDecay gradClip " +
    "lr warmup schedule skipSpikeZ onNan steps checkpointEvery keepCheckpoints",
  "eval": "device checkpoint tokenizer weights valShards source evalBatches batchSize",
  "fineweb": "workers source stages dump format rank world only partBytes",
  "fineweb-gpt2":
    "seed device source stages tokenizer separatorToken valShare valBytes valTokens architecture layers heads channels seqLen " +
    "initFrom shuffle batchSize gradAccum gradSum totalBatchTokens distributed steps epochs tokens " +
    "timeLimit optimizer weightDecay gradClip lr warmup schedule skipSpikeZ onNan recompute dtype profile " +
    "evalEvery inspectEvery checkpointEvery keepCheckpoints tensorboard sampleEvery",
  "hallucination": "solution",
  "images": "solution",
  "lessons": "figures",
  "little-world": "sentences conversations",
  "llm-security": "solution",
  "makemore": "solution",
  "makemore-backprop": "solution",
  "makemore-batchnorm": "solution",
  "makemore-bigram": "solution",
  "makemore-mlp": "solution",
  "makemore-wavenet": "solution",
  "micrograd": "solution",
  "playground": "serve",
  "policy-collapse": "solution",
  "report": "runs",
  "report-card":
    "seed device checkpoint tokenizer template context weights task items maxTokens tools maxCalls",
  "reward-hacking": "solution",
  "rl":
    "seed device task tools group algorithm kl maskCutOff temperature maxTokens maxCalls initFrom template seqLen batchSize " +
    "gradAccum gradSum distributed recompute optimizer weightDecay gradClip lr warmup schedule skipSpikeZ onNan " +
    "steps checkpointEvery keepCheckpoints checkEvery",
  "sample":
    "device checkpoint tokenizer weights prompt specialInPrompt addSpecialTokens count maxTokens temperature repetitionPenalty stop batchSize slide",
  "serve":
    "checkpoint context cors device host maxCalls parallel port queue template token tokenizer tools weights",
  "sft":
    "seed device trainOn overlong inspect initFrom template seqLen batchSize gradAccum gradSum distributed " +
    "recompute optimizer weightDecay gradClip lr warmup schedule skipSpikeZ onNan steps checkpointEvery " +
    "keepCheckpoints",
  "shakespeare": "solution",
  "thinking": "solution",
  "tokenize":
    "workers source tokenizer valShare valBytes valTokens shardFormat separator rank world only partBytes",
  "tokenizer": "inspect",
  "tokenizer-lesson": "solution",
  "tools": "solution",
  "train": "seed device trainShards valShards vocabSize architecture layers heads channels seqLen " +
    "initFrom shuffle batchSize gradAccum gradSum totalBatchTokens distributed steps epochs tokens timeLimit optimizer " +
    "weightDecay gradClip lr warmup schedule skipSpikeZ onNan recompute dtype profile inspectEvery " +
    "checkpointEvery keepCheckpoints tensorboard sampleEvery",
  "two-files": "solution",
  "ui": "runs port",
};

Deno.test("each option of each pipeline always acts, or says what it needs", () => {
  const found = pipelines.map(({ name, pipeline, acting }) => {
    const onDevice = (["cpu", "webgpu"] as const).flatMap((
      device,
    ) => [...idleOnDevice(pipeline, { device }).keys()]);
    const common = new Set(always["*"].split(" "));
    const unconditional = Object.entries(acting).filter(([option, declared]) =>
      requirementsOf(declared).length === 0 && !onDevice.includes(option) && !common.has(option)
    );
    return [name, unconditional.map(([option]) => option).sort().join(" ")];
  });
  const listed = Object.entries(always).filter(([name]) => name !== "*")
    .map(([name, options]) => [name, options.split(" ").sort().join(" ")]);
  deepStrictEqual(found, listed);
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
      "--device does nothing in report: nothing in it runs on a device that could be chosen: leave it out",
    ],
    ["report --preset tiny", "--preset does nothing in report: it has no presets: leave it out"],
    ["sample --out x", "--out does nothing in sample: it writes no run folder: leave it out"],
    [
      "sample --resume auto",
      "--resume does nothing in sample: it keeps no checkpoints and is typed again instead: leave it out",
    ],
    [
      "fineweb --machine h200 --dry-run",
      "--machine does nothing in fineweb: it plans no model whose time could be estimated: leave it out",
    ],
    ["fineweb --tune f", "--tune does nothing in fineweb: nothing in it runs on a GPU: leave it out"],
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

Deno.test("an option that does nothing without text or a tokenizer is refused where that is known", async () => {
  await withShard(async (dir) => {
    const { err } = await runHere(
      ["train", "--train-shards", `${dir}/train.bin`, "--vocab-size", "257", "--sample-every", "5"],
    );
    match(err, /^error: --sample-every 5 does nothing without a tokenizer .*: leave it out\n$/);
    const train = `train --train-shards ${dir}/train.bin --out ${dir}/run --steps 1 ${minute}`;
    await runsHere(0, train);
    await Deno.writeTextFile(`${dir}/hs.jsonl`, `{"ctx":"a","label":0,"endings":["b","c","d","e"]}\n`);
    const evaluation = `eval --checkpoint ${dir}/run --hellaswag ${dir}/hs.jsonl --tokenizer byte`;
    const idle = await runHere(`${evaluation} --eval-batches 3 --out ${dir}/eval`.split(" "));
    match(idle.err, /^error: --eval-batches 3 does nothing without text: .*: it needs --source URI or /);
  });
});

Deno.test("--workers is refused on WebGPU where its threads only compute on the CPU", () => {
  const refused = pipelines.filter(({ pipeline, acting }) =>
    "workers" in acting && idleOnDevice(pipeline, { device: "webgpu" }).has("workers")
  );
  const names = refused.map(({ name }) => name);
  for (const name of ["sample", "eval", "train", "fineweb-gpt2", "micrograd"]) ok(names.includes(name), name);
  ok(!names.includes("fineweb") && !names.includes("tokenize"));
  const idle = idleOnDevice({ workersFor: "engine" }, { device: "webgpu" });
  throws(() => checkDevice(new Map([["workers", 2]]), idle), {
    message:
      "--workers does nothing on WebGPU, which this run computes on: its threads compute on the CPU: leave it out, or add --device cpu",
  });
});

Deno.test("--help lists no option that does nothing on the device", async () => {
  const { out } = await runHere(["sample", "--help", "all", "--device", "cpu"]);
  ok(out.includes("--workers") && out.includes("--blas") && !out.includes("--tune"), out);
});

Deno.test("--tune is refused on the CPU, and --blas on WebGPU", async () => {
  const { err } = await runHere(["fineweb-gpt2", "--tune", "f", "--device", "cpu"]);
  match(err, /^error: --tune does nothing on the CPU, .*: leave it out, or add --device webgpu\n$/);
  let said = "";
  try {
    checkDevice(new Map([["blas", "off"]]), idleOnDevice({}, { device: "webgpu" }));
  } catch (error) {
    said = String(error);
  }
  match(said, /--blas does nothing on WebGPU, .*: leave it out, or add --device cpu$/);
});
