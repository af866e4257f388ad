/**
 * Tasks from files: GSM8K, and questions of multiple choice as ARC and MMLU have them.
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";
import { excerpt } from "../../format/text/excerpt.ts";
import { lastNumber, type Task, type TaskItem } from "./task.ts";

/** A record of a file. */
export interface QuestionRecord {
  /** Id of the record. */
  readonly id: string;
  /** Its fields. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Returns GSM8K's number after `####`; null if there is none. */
export function gsm8kNumber(text: string): number | null {
  const found = /####\s*\$?(-?[\d.,]+)/.exec(text)?.[1].replaceAll(",", "").replace(/\.$/, "");
  const number = found === undefined || found === "" ? NaN : Number(found);
  return Number.isNaN(number) ? null : number;
}

/**
 * Returns GSM8K as a task. An answer is right if the number after `####`, or else its last number, equals
 * that of the solution. Throws TypeError for a record without question and answer.
 */
export function gsm8k(records: readonly QuestionRecord[]): Task {
  const items = records.map(({ id, fields: { question, answer } }): TaskItem => {
    const number = typeof answer === "string" ? gsm8kNumber(answer) : null;
    if (typeof question !== "string" || typeof answer !== "string" || number === null) {
      throw new TypeError(
        `Cannot read item ${id} of gsm8k: its answer is ${
          excerpt(answer)
        }: expected question, and answer with #### NUMBER`,
      );
    }
    const solution = answer.replace(/<<[^>]*>>/g, "");
    return {
      id,
      messages: [{ role: "user", content: question }],
      answer: String(number),
      solutions: [{ role: "assistant", content: solution }],
    };
  });
  return fromItems("gsm8k", items, ({ answer }, text) => ({
    correct: Number((gsm8kNumber(text) ?? lastNumber(text)) === Number(answer)),
    format: gsm8kNumber(text) === null ? 0 : 0.1,
  }));
}

/**
 * Returns questions of multiple choice as a task: ARC's `{question, choices: {text, label}, answerKey}` or
 * MMLU's `{question, choices, answer}`. An answer is right if it is the letter. Source of the prompt:
 * nanochat, `render_mc`. Throws TypeError for any other record.
 */
export function multipleChoiceTask(name: string, records: readonly QuestionRecord[]): Task {
  const items = records.map(({ id, fields }): TaskItem => {
    const { question, choices, answer, answerKey } = fields;
    const texts: unknown = isRecord(choices) ? choices.text : choices;
    const labels: unknown = isRecord(choices) ? choices.label : undefined;
    const letters = Array.isArray(texts) ? texts.map((_, i) => String.fromCharCode(65 + i)) : [];
    const index = Array.isArray(labels)
      ? labels.indexOf(answerKey)
      : typeof answer === "string" && /^[A-Z]$/.test(answer)
      ? letters.indexOf(answer)
      : Number(answer);
    if (typeof question !== "string" || !Array.isArray(texts) || letters[index] === undefined) {
      throw new TypeError(
        `Cannot read item ${id} of ${name}: expected question, choices, and answer or answerKey, found ${
          excerpt(fields)
        }`,
      );
    }
    const lines = texts.map((text, i) => `- ${text}=${letters[i]}\n`).join("");
    const content =
      `Multiple Choice question: ${question}\n${lines}\nRespond only with the letter of the correct answer.`;
    return {
      id,
      messages: [{ role: "user", content }],
      answer: letters[index],
      solutions: [{ role: "assistant", content: letters[index] }],
    };
  });
  return fromItems(name, items, ({ answer }, text) => ({ correct: Number(text.trim() === answer) }));
}

function fromItems(name: string, items: readonly TaskItem[], reward: Task["reward"]): Task {
  if (items.length === 0) throw new RangeError(`Cannot use the task ${name}: its files have no items`);
  return { name, size: items.length, item: (index) => items[index % items.length], reward };
}
