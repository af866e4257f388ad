/**
 * Answers as items of a lesson.
 *
 * @module
 */
import type { Conversation } from "../../../stages/chat/conversation.ts";
import { lineChart, type Series } from "../../../stages/report/chart/line.ts";
import type { Answer } from "../../../stages/rl/answer_questions.ts";
import { figure, type Item, lines, table } from "../item.ts";
import type { SmallChat } from "./small_chat.ts";

/** Returns a share as a percentage: "84 %". */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** Short forms of the special tokens around a call and its result, for transcripts. */
const shortForms: Readonly<Record<string, string>> = {
  "<|python_start|>": "call(",
  "<|python_end|>": ")",
  "<|output_start|>": " → ",
  "<|output_end|>": ", ",
  "<|assistant_end|>": "",
};

/** Returns answers with their questions, a line each: `12*34: call(12*34) → 408, 408 (reward 1)`. */
export function transcripts(
  { tokenizer }: Pick<SmallChat, "tokenizer">,
  answers: readonly Pick<Answer, "item" | "ids" | "reward">[],
): Item {
  return lines(answers.map(({ item, ids, reward }) => {
    const text = tokenizer.decode(ids).replace(/<\|\w+\|>/g, (token) => shortForms[token] ?? token);
    return `${item.id}: ${text} (reward ${Number(reward.toFixed(3))})`;
  }));
}

/** Returns a table of an example's tokens, of which the trained ones stand in rows of their own. */
export function maskTable(
  { tokenizer, template }: Pick<SmallChat, "tokenizer" | "template">,
  example: Conversation,
): Item {
  const { ids, weights } = template.render(example), rows: (readonly [string, string, string])[] = [];
  for (let from = 0, to = 0; from < ids.length; from = to) {
    while (to < ids.length && weights[to] === weights[from]) to++;
    const isOutput = tokenizer.decode([ids[from]]) === "<|output_start|>";
    const writer = weights[from] === 1 ? "the model" : isOutput ? "the tool" : "the program and the user";
    rows.push([
      tokenizer.decode(ids.subarray(from, to)).replaceAll("\n", "⏎"),
      writer,
      weights[from] === 1 ? "yes" : "no",
    ]);
  }
  return table(["tokens", "written by", "trained on"], rows);
}

/** Returns a figure with charts of values by update, side by side. */
export function byUpdate(
  caption: string,
  ...charts: readonly { readonly title: string; readonly series: readonly Series[] }[]
): Item {
  return figure(
    caption,
    ...charts.map(({ title, series }) => lineChart({ title, series, xLabel: "update", width: 480 })),
  );
}
