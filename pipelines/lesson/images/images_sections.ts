/**
 * The sections of the lesson on images.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { Rendered } from "../../../stages/chat/template/template.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { claim } from "../claim.ts";
import { code, figure, heading, type Item, lines, say, table } from "../item.ts";
import { ask, imitate, meanOf, range, smallChat } from "../talks/small_chat.ts";
import { type Codebook, codesOf, learnCodebook, PATCHES, patchesOf, pictureOf } from "./codebook.ts";
import { type Digit, readDigits, SIDE } from "./digits.ts";
import {
  codesFit,
  digitsAreRead,
  drawingsAreRead,
  moreCodesKeepMore,
  patchesAreShort,
} from "./images_claims.ts";

/** Sizes of the experiment, and its seed. */
export interface ImagesSettings {
  readonly seed: number;
  /** Pictures of each digit to train on. */
  readonly perDigit: number;
  /** Held-out pictures of each digit. */
  readonly testPerDigit: number;
  /** Updates of the model. */
  readonly steps: number;
}

/** One character for each code. */
const codeCharacters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"];

/** First pictures of the package, which are held out, by digit. */
const HELD_OUT = 60;

/** How much the name of a digit counts among the many tokens of pictures. */
const LABEL_WEIGHT = 20;

/** Returns a picture as text: one character for each patch. */
function written({ pixels }: Pick<Digit, "pixels">, codebook: Codebook): string {
  return Array.from(codesOf(pixels, codebook), (id) => codeCharacters[id]).join("");
}

/** Returns a chart of pictures, five in a row. */
function gallery(title: string, pictures: readonly Float32Array[]) {
  const across = Math.min(5, pictures.length), rows = Math.ceil(pictures.length / across);
  const values = range(0, rows * SIDE).map((y) =>
    range(0, across * SIDE).map((x) => {
      const pixels = pictures[Math.floor(y / SIDE) * across + Math.floor(x / SIDE)];
      return pixels?.[y % SIDE * SIDE + x % SIDE] ?? 0;
    })
  );
  return heatmapChart({ title, values, width: 24 + 110 * across });
}

/** Pictures become tokens, and one model reads and draws them. */
export async function* imagesSections(
  engine: Engine,
  { seed, perDigit, testPerDigit, steps }: ImagesSettings,
): AsyncGenerator<Item> {
  yield { kind: "progress", text: "reading the pictures" };
  const test = (await readDigits({ from: 0, count: HELD_OUT })).slice(0, 10 * testPerDigit);
  const digits = await readDigits({ from: HELD_OUT, count: perDigit });
  yield heading("A codebook");
  yield say(
    `A language model knows nothing but tokens, so a picture has to become some. Each of the \`${digits.length}\` pictures of ${SIDE} by ${SIDE} pixels is cut into ${
      PATCHES * PATCHES
    } patches; k-means finds ${codeCharacters.length} patches that stand for all others, and a picture is then the list of the nearest ones.`,
  );
  yield code("pipelines/lesson/images/codebook.ts", "learnCodebook");
  const sample = digits.slice(0, 400);
  const patches = new Float32Array(sample.length * SIDE * SIDE);
  sample.forEach(({ pixels }, i) => patches.set(patchesOf(pixels), i * SIDE * SIDE));
  const codebook = learnCodebook(patches, { count: codeCharacters.length, iterations: 12, seed });
  const { distortion } = codebook;
  yield claim(codesFit, { value: distortion[distortion.length - 1], other: distortion[0] });
  yield claim(patchesAreShort, { patches: PATCHES * PATCHES, pixels: SIDE * SIDE });
  const [, , , three] = test, text = written(three, codebook);
  yield figure(
    "A held-out picture before and after it was written as tokens, and the distance of the patches to their codes.",
    gallery("the picture, and what its tokens keep of it", [
      three.pixels,
      pictureOf(codesOf(three.pixels, codebook), codebook),
    ]),
    lineChart({
      title: "mean squared distance",
      series: [{ name: "distance", y: distortion }],
      xLabel: "iteration",
      width: 360,
    }),
  );
  yield say("Its tokens, one character for each patch:");
  yield lines(range(0, PATCHES).map((row) => [...text.slice(row * PATCHES, (row + 1) * PATCHES)].join(" ")));

  yield heading("Reading and drawing");
  yield say(
    `One model learns both directions in \`${steps}\` updates, in the form of chats: the user sends a picture and the assistant names the digit, or the user names a digit and the assistant draws. To the model there is no difference between a picture and a text.`,
  );
  const tokenizer = new CharTokenizer([...codeCharacters, ..."0123456789"], nanochatTokens);
  const size = { layers: 2, heads: 4, channels: 64, seqLen: PATCHES * PATCHES + 6 };
  const chat = smallChat(size, { engine, seed, tokenizer });
  const texts = digits.map((digit) => written(digit, codebook));
  const isLabel = (id: number) => id >= codeCharacters.length && !tokenizer.isSpecialToken(id);
  const trained = yield* imitate(chat, {
    what: "reading and drawing",
    steps,
    lr: 4e-3,
    reweigh: (rendered: Rendered): Rendered => ({
      ...rendered,
      weights: rendered.weights.map((weight, i) => isLabel(rendered.ids[i]) ? LABEL_WEIGHT * weight : weight),
    }),
    example(index) {
      const at = index % digits.length, label = String(digits[at].label);
      const reads = uniformAt(seed, "direction", index) < .5;
      const [user, assistant] = reads ? [texts[at], label] : [label, texts[at]];
      return {
        id: `${index}`,
        messages: [{ role: "user", content: user }, { role: "assistant", content: assistant }],
      };
    },
  });
  const reading = readingTask(test.map((digit) => ({ text: written(digit, codebook), label: digit.label })));
  const read = await ask(chat, { weights: trained.weights, task: reading, indices: range(0, test.length) });
  const right = ({ reward }: { readonly reward: number }) => reward;
  yield claim(digitsAreRead, { right: meanOf(read, right), pictures: test.length });
  yield table(
    ["digit", "read rightly, %"],
    range(0, 10).map((label) => [
      String(label),
      Math.round(100 * meanOf(read.filter((_, i) => test[i].label === label), right)),
    ]),
  );

  const drawn = await ask(chat, {
    weights: trained.weights,
    task: drawingTask,
    indices: range(0, 10),
    samples: 10,
    temperature: .8,
  });
  const codes = drawn.map(({ text }) =>
    [...text].map((character) => Math.max(0, codeCharacters.indexOf(character)))
  );
  yield figure(
    "The digits from 0 to 9 as the model draws them, at temperature 0.8.",
    gallery("drawings", range(0, 10).map((label) => pictureOf(codes[10 * label], codebook))),
  );
  const whole = drawn.flatMap(({ text, item }) =>
    [...text].length === PATCHES * PATCHES && [...text].every((one) => codeCharacters.includes(one))
      ? [{ text, label: Number(item.id) }]
      : []
  );
  const again = await ask(chat, {
    weights: trained.weights,
    task: readingTask(whole),
    indices: range(0, whole.length),
  });
  yield claim(drawingsAreRead, {
    right: again.filter(right).length / drawn.length,
    pictures: drawn.length,
    whole: whole.length,
  });
  yield say(
    "Large models read pictures by the same idea: patches become tokens, or vectors in the place of tokens, and stand in the same row as the text. Sound is cut into pieces of its spectrum in the same way.",
  );
}

/** The task of drawing each digit; drawings have no reward. */
const drawingTask: Task = {
  name: "drawing",
  size: 10,
  item: (index) => ({ id: String(index), messages: [{ role: "user", content: String(index) }], answer: "" }),
  reward: () => ({ none: 0 }),
};

/** Returns the task of reading pictures. */
function readingTask(pictures: readonly { readonly text: string; readonly label: number }[]): Task {
  return {
    name: "reading",
    size: pictures.length,
    item: (index) => ({
      id: `${index}`,
      messages: [{ role: "user", content: pictures[index].text }],
      answer: String(pictures[index].label),
    }),
    reward: ({ answer }, text) => ({ right: Number(text === answer) }),
  };
}

/** Exercise E01: how many codes a picture needs. */
export async function* codesSolution({ seed }: { readonly seed: number }): AsyncGenerator<Item> {
  const digits = await readDigits({ from: HELD_OUT, count: 20 });
  const patches = new Float32Array(digits.length * SIDE * SIDE);
  digits.forEach(({ pixels }, i) => patches.set(patchesOf(pixels), i * SIDE * SIDE));
  const rows: (readonly [number, string])[] = [], shown = [digits[3].pixels];
  const counts = [2, 4, 8, 16, 32, 64], distances: number[] = [];
  for (const count of counts) {
    const codebook = learnCodebook(patches, { count, iterations: 12, seed });
    distances.push(codebook.distortion[codebook.distortion.length - 1]);
    rows.push([count, distances[distances.length - 1].toFixed(3)]);
    shown.push(pictureOf(codesOf(digits[3].pixels, codebook), codebook));
    yield { kind: "progress", text: `${count} codes` };
  }
  yield table(["codes", "mean squared distance of a patch"], rows);
  yield figure("One picture, and what more and more codes keep of it.", gallery("codes", shown));
  yield claim(moreCodesKeepMore, { distances });
}
