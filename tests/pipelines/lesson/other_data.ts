/** Names and text in Chinese, for lessons that were made for English. @module */
import { PythonRandom } from "../../../kernels/random/python_random.ts";

const families = [..."王李张刘陈杨黄赵吴周"];
const given = [..."伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华"];

/** Returns different names of a family name and one or two other characters, in a fixed order. */
export function chineseNames(count: number): string[] {
  const random = new PythonRandom(1),
    pick = (from: readonly string[]) => from[Math.floor(random.random() * from.length)];
  const found = new Set<string>();
  while (found.size < count) {
    found.add(pick(families) + pick(given) + (random.random() < .7 ? pick(given) : ""));
  }
  return [...found];
}

/** Returns a text of short sentences about these names. */
export function chineseText(sentences: number): string {
  const names = chineseNames(200), verbs = ["看见了", "喜欢", "认识", "写信给"], random = new PythonRandom(2);
  const pick = (from: readonly string[]) => from[Math.floor(random.random() * from.length)];
  return Array.from({ length: sentences }, () => `${pick(names)}${pick(verbs)}${pick(names)}。`).join("\n");
}
