/**
 * The sections of the lesson "two files".
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import { writeAll } from "../../../stages/disk/exact_io.ts";
import { openFile } from "../../../stages/disk/files.ts";
import { replaceWhole, writeWhole } from "../../../stages/disk/whole_files.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { readCountries } from "../../../stages/task/verified/countries.ts";
import { worldCharacters } from "../../../stages/task/verified/little_world.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { claim } from "../claim.ts";
import { check, code, heading, type Item, lines, say, table } from "../item.ts";
import { imitate, type SmallChat, smallChat } from "../talks/small_chat.ts";
import { parametersFile } from "./parameters_file.ts";
import { answer, reader, readModel } from "./run.ts";
import programText from "./run.ts" with { type: "text" };
import {
  codeIsSmall,
  halfIsEnough,
  knowledgeIsInParameters,
  lossFalls,
  programsAgree,
} from "./two_files_claims.ts";

/** Lengths of the experiment, and its seed. */
export interface TwoFilesSettings {
  readonly seed: number;
  /** Updates of the model. */
  readonly steps: number;
}

const file = "pipelines/lesson/two_files/run.ts";
const size = { layers: 2, heads: 4, channels: 64, seqLen: 64 } as const;
const tokenizer = new CharTokenizer(worldCharacters, nanochatTokens);

/** Questions with their answers: the whole knowledge of the model. */
async function knowledge(): Promise<readonly (readonly [question: string, answer: string])[]> {
  const countries = (await readCountries()).filter(({ name, capital }) => name.length + capital.length < 14);
  return [
    ["Hello!", "Hello! Ask me for a capital."],
    ["Who are you?", "I am two files."],
    ["What do you know?", "A few capitals."],
    ["Good bye.", "Good bye!"],
    ...countries.slice(0, 28).map(({ name, capital }) => [`Capital of ${name}?`, `${capital}.`] as const),
  ];
}

/** Trains the model. */
async function* trainedChat(
  engine: Engine,
  { seed, steps }: TwoFilesSettings,
): AsyncGenerator<
  Item,
  { readonly chat: SmallChat; readonly weights: TensorMap; readonly losses: readonly number[] }
> {
  const chat = smallChat(size, { engine, seed, tokenizer }), known = await knowledge();
  const trained = yield* imitate(chat, {
    what: "questions and answers",
    steps,
    batch: 32,
    lr: 4e-3,
    example(index) {
      const [content, answer] = known[Math.floor(uniformAt(seed, "known", index) * known.length)];
      return {
        id: `${index}`,
        messages: [{ role: "user", content }, { role: "assistant", content: answer }],
      };
    },
  });
  return { chat, ...trained };
}

function fileOf(weights: TensorMap): Uint8Array<ArrayBuffer> {
  return parametersFile(weights, { size, vocabSize: tokenizer.vocabSize, characters: tokenizer.characters });
}

/** A model is trained, written as two files into the folder `out`, and run from them. */
export async function* twoFilesSections(
  engine: Engine,
  { out, ...settings }: TwoFilesSettings & { readonly out: string },
): AsyncGenerator<Item> {
  yield heading("Parameters");
  yield say(
    "A language model is two files: its parameters, and a program that runs them. Training is what makes the parameters. It takes the computer; the program is short.",
  );
  const { chat, weights, losses } = yield* trainedChat(engine, settings);
  const bytes = fileOf(weights), program: string = programText, known = await knowledge();
  const parameters = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
  yield say(
    `This model has ${
      parameters.toLocaleString("en-US")
    } parameters. It was trained on ${known.length} questions and answers.`,
  );
  yield claim(lossFalls, { steps: settings.steps, first: losses[0], last: losses[losses.length - 1] });
  // The lecture's example: 70 billion parameters of two bytes each.
  yield check({
    name: "size of the parameters of Llama 2 70B in gigabytes",
    ours: 70e9 * 2 / 1e9,
    lecture: 140,
    source: "Intro to Large Language Models",
  });

  yield heading("Code");
  yield say("This is the part of the program that reads a token and returns the logits of the next one:");
  yield code(file, "reader");
  await replaceWhole(`${out}/parameters.bin`, async (path) => {
    using file = await openFile(path, { write: true, create: true, truncate: true });
    await writeAll(file, bytes);
    await file.sync();
  });
  await writeWhole(`${out}/run.ts`, program);
  yield say("Both files are in the folder of this lesson. To talk to them without this project:");
  yield lines([`cd ${out}`, 'deno run --allow-read run.ts parameters.bin "Who are you?"']);
  yield claim(codeIsSmall, { code: program.length, parameters: bytes.length });

  yield heading("Both together");
  const model = readModel(bytes);
  const empty = readModel(fileOf(initialWeights(chat.model, settings.seed)));
  const count = (of: typeof model) =>
    known.filter(([question, right]) => answer(of, question) === right).length;
  yield table(
    ["question", "answer", "with initial parameters"],
    known.slice(0, 8).map((
      [question],
    ) => [question, answer(model, question), answer(empty, question).slice(0, 20)]),
  );
  yield claim(knowledgeIsInParameters, {
    trained: count(model),
    untrained: count(empty),
    questions: known.length,
  });
  yield claim(programsAgree, await compared(chat, { weights, question: known[1][0] }));
  yield say(
    "The parameters cannot be read like a program. What they compute can only be measured, and that is how the next lessons go.",
  );
}

/** Compares the logits of the small program with those of the engine, for the tokens of a question. */
async function compared(
  { engine, model, template }: SmallChat,
  { weights, question }: { readonly weights: TensorMap; readonly question: string },
): Promise<{ readonly difference: number; readonly logits: number }> {
  const ids = template.prompt({ id: question, messages: [{ role: "user", content: question }] });
  await using session = await openModel(engine, { plan: plan({ model, sampling: true }), weights });
  const next = reader(readModel(fileOf(weights)));
  let difference = 0, logits = 0;
  for (let count = 1; count <= ids.length; count++) {
    const ours = next(ids[count - 1]), theirs = await session.logits(ids.subarray(0, count));
    ours.forEach((value, i) => difference = Math.max(difference, Math.abs(value - theirs[i])));
    logits += ours.length;
  }
  return { difference, logits };
}

/** Exercise E01: parameters with fewer bits. */
export async function* fewerBitsSolution(
  engine: Engine,
  settings: TwoFilesSettings,
): AsyncGenerator<Item> {
  const { weights } = yield* trainedChat(engine, settings), known = await knowledge();
  const full = readModel(fileOf(weights)), expected = known.map(([question]) => answer(full, question));
  yield say(
    "Each row of a matrix is rounded to whole multiples of a step, with the largest value at the end of the range. The step is kept for each row. Vectors are not rounded.",
  );
  const rows: (readonly [number, number, string])[] = [], same = new Map<number, number>();
  for (const bits of [8, 6, 4, 3, 2]) {
    const model = readModel(fileOf(rounded(weights, bits)));
    const answers = known.map(([question]) => answer(model, question));
    same.set(bits, answers.filter((text, i) => text === expected[i]).length);
    rows.push([bits, same.get(bits) ?? 0, answers[1]]);
    yield { kind: "progress", text: `${bits} bits` };
  }
  yield table(["bits", `the same of ${known.length} answers`, known[1][0]], rows);
  yield claim(halfIsEnough, { same: same.get(8) ?? 0, questions: known.length, bits: 8 });
}

/** Rounds the rows of matrices to `bits` bits. */
function rounded(weights: TensorMap, bits: number): TensorMap {
  const most = 2 ** (bits - 1) - 1;
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => {
      if (shape.length < 2) return [name, { shape, data }];
      const out = Float32Array.from(data), width = shape[shape.length - 1];
      for (let from = 0; from < out.length; from += width) {
        const row = out.subarray(from, from + width);
        const step = row.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-12) / most;
        row.forEach((value, i) => row[i] = step * Math.round(value / step));
      }
      return [name, { shape, data: out }];
    }),
  );
}
