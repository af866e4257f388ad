/**
 * What the page knows: the models, the settings, the memory and the conversation. All but the models survives
 * a reload, since the browser keeps it; nothing of it is sent anywhere but in requests for answers.
 *
 * @module
 */
import { batch, signal } from "@preact/signals";
import * as api from "./api.js";
import { addTurn, before, emptyConversation, messagesUpTo } from "./conversation.js";
import { announceAnswer, say } from "./speech.js";

/** The settings of a reader who has changed nothing; null: the server's default. */
const defaultSettings = {
  instructions: "",
  models: [null, null], // ids; null: the first model, and no second one
  sampling: { temperature: 0.6, top_k: 50 },
  tools: {}, // names of tools that are off, with the value false
  thinks: null,
  tokens: false, // whether answers are shown by token
};

/** The models of the server; null until they are known. */
export const models = signal(null);
/** Why the models are not known: an ApiFault; null if nothing is wrong. */
export const fault = signal(null);
/** Raised when the conversation has changed; whoever reads the conversation reads this. */
export const version = signal(0);
export const settings = signal({ ...defaultSettings, ...read(localStorage, "settings") });
/** Facts that the tool `memory` keeps; null until the reader or a model changes those of the server. */
export const memory = signal(read(localStorage, "memory"));
/** Why the conversation is not kept by the browser; null if it is. */
export const unkept = signal(null);
export const token = signal(sessionStorage.getItem("token") ?? "");

/** The conversation of this tab; a new tab begins with the last one. */
export let conversation = read(sessionStorage, "conversation") ?? read(localStorage, "conversation") ??
  emptyConversation();
for (const { answers } of conversation.turns) {
  for (const answer of answers) if (answer?.status === "streaming") answer.status = "stopped";
}

function read(storage, name) {
  try {
    return JSON.parse(storage.getItem(name));
  } catch {
    return null;
  }
}

/** Milliseconds between two drawings, and between two savings, of an answer that streams. */
const DRAW_EVERY = 50, SAVE_EVERY = 1000;
let drawing = null, saving = null;

/** Shows a change of the conversation, and keeps it. */
function changed() {
  drawing ??= setTimeout(() => {
    drawing = null;
    version.value++;
  }, DRAW_EVERY);
  saving ??= setTimeout(save, SAVE_EVERY);
}

function save() {
  clearTimeout(saving);
  saving = null;
  const text = JSON.stringify(conversation);
  // Without its tokens, a conversation takes a hundredth of the space.
  const short = () => JSON.stringify(conversation, (key, value) => key === "tokens" ? [] : value);
  try {
    sessionStorage.setItem("conversation", text);
    localStorage.setItem("conversation", text.length < 1e6 ? text : short());
    unkept.value = null;
  } catch {
    unkept.value = "The browser has no room for this conversation: Export keeps it as a file.";
  }
}
addEventListener("pagehide", save);

/** Changes some of the settings. */
export function set(changes) {
  settings.value = { ...settings.value, ...changes };
  localStorage.setItem("settings", JSON.stringify(settings.value));
}

/** Changes the facts of the memory. */
export function remember(facts) {
  memory.value = facts;
  localStorage.setItem("memory", JSON.stringify(facts));
}

/** The facts that requests for answers carry: those kept here, or else those of the server. */
export const factsOf = (model) => memory.value ?? model.memory ?? [];

/** Asks the server for its models. */
export async function load() {
  try {
    const found = await api.models({ token: token.value });
    batch(() => {
      models.value = found;
      fault.value = null;
    });
  } catch (error) {
    if (!(error instanceof api.ApiFault)) throw error;
    fault.value = error;
  }
}

/** Uses another token. */
export async function useToken(text) {
  token.value = text;
  sessionStorage.setItem("token", text);
  await load();
}

/** The model of a column; null if the column has none. */
export function modelIn(column) {
  const id = settings.value.models[column], found = models.value.find((model) => model.id === id);
  return found ?? (column === 0 ? models.value[0] : null);
}

/** Answers that stream, and how to end them. */
const running = new Map();
/** Whether any answer streams. */
export const isRunning = () => running.size > 0;

/** Ends the answers that stream; what has come stays. */
export function stop() {
  for (const controller of running.values()) controller.abort();
}

/** Sends a message after a turn (null: as the first one). */
export function ask(text, parent) {
  answerTurn(addTurn(conversation, { parent, text }), [0, 1]);
}

/** Answers a turn again in a column: a new turn beside it, with the answer of the other column. */
export function again(turn, column) {
  const answers = turn.answers.map((answer, i) => i === column ? null : answer);
  answerTurn(addTurn(conversation, { parent: turn.parent, text: turn.text, answers }), [column]);
}

function answerTurn(turn, columns) {
  for (const column of columns) if (modelIn(column) !== null) stream(turn, column);
  changed();
}

async function stream(turn, column) {
  const model = modelIn(column), controller = new AbortController(), { instructions } = settings.value;
  const messages = messagesUpTo(conversation, turn, { column, system: instructions, open: true });
  const answer = {
    model: model.id,
    parts: [],
    tokens: [],
    status: "streaming",
    error: null,
    usage: null,
    wait: null, // what a full server has said
  };
  turn.answers[column] = answer;
  running.set(answer, controller);
  const began = performance.now(), announced = column === 0 ? announceAnswer() : null;
  try {
    const request = requestOf(model), { signal } = controller;
    for await (const part of api.answer({ token: token.value, model, messages, request, signal })) {
      answer.wait = part.type === "wait" ? part : null;
      if (part.type === "wait") announced?.wait(part);
      else if (part.type === "end") end(answer, part, { model, began });
      else {
        add(answer, part);
        if (part.type === "text") announced?.add(part.text);
        if (part.type === "output") takeFact(answer, model);
      }
      changed();
    }
    announced?.end();
  } catch (error) {
    answer.status = error.name === "AbortError" ? "stopped" : "failed";
    if (answer.status === "failed") {
      if (!(error instanceof api.ApiFault)) console.error(error);
      answer.error = { message: error.message, advice: error.advice ?? "Try again." };
      if (error.status === 401) fault.value = error;
    }
    say(answer.status === "stopped" ? "The answer was stopped." : `No answer: ${error.message}`);
  } finally {
    answer.wait = null;
    running.delete(answer);
    changed();
  }
}

function add(answer, { type, text, tokens }) {
  const last = answer.parts.at(-1);
  if (last?.type === type && type !== "code" && type !== "output") last.text += text;
  else answer.parts.push({ type, text });
  answer.tokens.push(...tokens);
}

function end(answer, { reason, usage }, { model, began }) {
  answer.status = reason === "length" ? "cut" : "done";
  if (usage === null) return;
  answer.usage = {
    used: usage.total_tokens,
    of: model.context_length,
    rate: 1000 * usage.completion_tokens / Math.max(1, performance.now() - began),
  };
}

/** Keeps the fact that a call of the tool `memory` has just remembered. */
function takeFact(answer, model) {
  const [code, output] = answer.parts.slice(-2);
  const [, quoted] = /^\s*memory\s*\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\)\s*$/s.exec(code.text) ??
    [];
  if (quoted === undefined || output.text !== "remembered") return;
  const fact = quoted.slice(1, -1).replace(/\\(.)/gs, (_, c) => c === "n" ? "\n" : c);
  if (!factsOf(model).includes(fact)) remember([...factsOf(model), fact]);
}

/** The fields of a request that the settings give. */
function requestOf(model) {
  const { sampling, tools, thinks } = settings.value;
  const filled = Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== null));
  if (!model.chat) return filled;
  const names = model.tools.map((tool) => tool.function.name);
  return {
    ...filled,
    ...(thinks !== null && { chat_template_kwargs: { enable_thinking: thinks } }),
    ...(names.length > 0 && { server_tools: names.filter((name) => tools[name] !== false) }),
    ...(names.includes("memory") && { memory: factsOf(model) }),
  };
}

/** Begins another conversation. */
export function replace(other) {
  stop();
  conversation = other;
  changed();
}

/** Whether a turn can be answered by going on from it: nothing before it streams. */
export const isBusy = (turn) =>
  [...before(conversation, turn), turn].some(({ answers }) => answers.some((answer) => running.has(answer)));

/** Redraws the page after a branch was chosen. */
export const redraw = changed;
