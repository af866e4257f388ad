/**
 * A conversation as a tree of turns. A turn is a message of the user with an answer in each column; an edited
 * message and a new answer are new turns beside the old one, which stays.
 *
 * @module
 */

/** A conversation without turns. */
export const emptyConversation = () => ({ turns: [], chosen: {}, next: 1 });

const keyOf = (parent) => String(parent ?? "start");

/** Turns that follow the same turn as this one, in the order in which they were made. */
export const siblings = ({ turns }, { parent }) => turns.filter((turn) => turn.parent === parent);

/** The turns from the first one to the last one of the branch that is shown. */
export function path(conversation) {
  const { turns, chosen } = conversation, shown = [];
  for (let parent = null;;) {
    const id = chosen[keyOf(parent)], turn = turns.find((each) => each.id === id);
    if (turn === undefined) return shown;
    shown.push(turn);
    parent = turn.id;
  }
}

/** Adds a turn after another one (null: the first), and shows it. */
export function addTurn(conversation, { parent, text, answers = [null, null] }) {
  const turn = { id: conversation.next++, parent, text, answers };
  conversation.turns.push(turn);
  show(conversation, turn);
  return turn;
}

/** Shows the branch that a turn begins. */
export function show(conversation, { parent, id }) {
  conversation.chosen[keyOf(parent)] = id;
}

/** The turns before a turn, the first one first. */
export function before({ turns }, { parent }) {
  const all = [];
  for (let id = parent; id !== null;) {
    const turn = turns.find((each) => each.id === id);
    all.unshift(turn);
    id = turn.parent;
  }
  return all;
}

/** The text of an answer, without thoughts and calls. */
export const answerText = ({ parts }) =>
  parts.filter(({ type }) => type === "text").map(({ text }) => text).join("");

/** Names of parts in messages. */
const partTypes = { text: "text", code: "python", output: "python_output" };

/** An answer as a message: a text, or parts where tools ran. */
function answerMessage(answer) {
  const parts = answer.parts.filter(({ type }) => type !== "thought");
  const thought = answer.parts.filter(({ type }) => type === "thought").map(({ text }) => text).join("");
  const isText = parts.every(({ type }) => type === "text");
  return {
    role: "assistant",
    content: isText ? answerText(answer) : parts.map(({ type, text }) => ({ type: partTypes[type], text })),
    ...(thought !== "" && { reasoning_content: thought }),
  };
}

/** The answer of a column; that of the first one where the column had none. */
const answerIn = ({ answers }, column) => answers[column] ?? answers[0];

/** Whether a turn is part of what the model reads: an answer that failed at once leaves none. */
const isAnswered = (answer) => answer !== null && answer.parts.length > 0;

/** The messages of a branch up to a turn, for a column. `open` leaves out the answer of the turn itself. */
export function messagesUpTo(conversation, turn, { column, system = "", open = false }) {
  const earlier = before(conversation, turn).filter((each) => isAnswered(answerIn(each, column)));
  const messages = system.trim() === "" ? [] : [{ role: "system", content: system }];
  for (const each of open ? earlier : [...earlier, turn]) {
    messages.push({ role: "user", content: each.text }, answerMessage(answerIn(each, column)));
  }
  if (open) messages.push({ role: "user", content: turn.text });
  return messages;
}

/** The conversation as JSON lines of `{messages, model}`: one for each last answer of each branch. */
export function exported(conversation, { system }) {
  const { turns } = conversation, lines = [];
  const parents = new Set(turns.filter((turn) => turn.answers.some(isAnswered)).map(({ parent }) => parent));
  for (const turn of turns.filter(({ id }) => !parents.has(id))) {
    turn.answers.forEach((answer, column) => {
      if (!isAnswered(answer)) return;
      lines.push(JSON.stringify({
        messages: messagesUpTo(conversation, turn, { column, system }),
        model: answer.model,
      }));
    });
  }
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Reads JSON lines of conversations: beginnings that are the same become one branch. Returns the conversation
 * and the text of its system message. Throws SyntaxError that says which line is wrong.
 */
export function imported(text) {
  const conversation = emptyConversation(), models = [];
  let system = "";
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const { messages, model } = parsedLine(line, i + 1);
    if (!models.includes(model)) models.push(model);
    const column = Math.max(0, models.indexOf(model)) === 1 ? 1 : 0;
    let parent = null, open = null;
    for (const message of messages) {
      if (message.role === "system") system = textOf(message.content);
      else if (message.role === "user") open = textOf(message.content);
      else if (open !== null) {
        const turn = { parent, text: open, answer: answerOf(message, model), column };
        parent = joined(conversation, turn).id;
        open = null;
      }
    }
    if (open !== null) throw new SyntaxError(`Line ${i + 1}: the last message has no answer`);
    if (parent === null) throw new SyntaxError(`Line ${i + 1}: there is no answer to a message of a user`);
  });
  if (conversation.turns.length === 0) throw new SyntaxError("The file has no conversation");
  return { conversation, system };
}

/** Returns the turn with this text and answer; makes one if there is none. */
function joined(conversation, { parent, text, answer, column }) {
  const same = (own) => own === null || JSON.stringify(own.parts) === JSON.stringify(answer.parts);
  const found = siblings(conversation, { parent }).find((turn) =>
    turn.text === text && same(turn.answers[column])
  );
  const turn = found ?? addTurn(conversation, { parent, text });
  turn.answers[column] ??= answer;
  show(conversation, turn);
  return turn;
}

function parsedLine(line, number) {
  let json;
  try {
    json = JSON.parse(line);
  } catch {
    throw new SyntaxError(`Line ${number} is not JSON: choose a file of JSON lines with messages`);
  }
  const messages = json?.messages;
  const isMessage = (message) =>
    ["system", "user", "assistant"].includes(message?.role) &&
    (typeof message.content === "string" || Array.isArray(message.content));
  if (Array.isArray(messages) && messages.every(isMessage)) {
    return { messages, model: typeof json.model === "string" ? json.model : "" };
  }
  throw new SyntaxError(
    `Line ${number} has no list of messages {role, content} of the roles system, user and assistant`,
  );
}

const textOf = (content) =>
  typeof content === "string" ? content : content.map((part) => String(part?.text ?? "")).join("");

function answerOf({ content, reasoning_content }, model) {
  const types = Object.fromEntries(Object.entries(partTypes).map(([own, type]) => [type, own]));
  const parts = typeof content === "string"
    ? [{ type: "text", text: content }]
    : content.map((part) => ({ type: types[part?.type] ?? "text", text: String(part?.text ?? "") }));
  const thought = typeof reasoning_content === "string" ? [{ type: "thought", text: reasoning_content }] : [];
  return { model, parts: [...thought, ...parts], tokens: [], status: "done", error: null, usage: null };
}
