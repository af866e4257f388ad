/**
 * The API of the server, as the page uses it: its models, and answers as streams of parts.
 *
 * @module
 */

/** A request that was not answered: what went wrong, and what the reader can do. */
export class ApiFault extends Error {
  constructor(message, advice, { code = null, status = null, retryAfter = null } = {}) {
    super(message);
    this.advice = advice;
    this.code = code;
    this.status = status;
    /** Seconds after which the server may have room; null: it did not say. */
    this.retryAfter = retryAfter;
  }
}

const GONE = "Look whether the program still runs in its terminal, start it again if not, then try again.";

/** What to do about an error, by its code. */
const advice = {
  queue_full: "Wait for other answers to end, then try again; or start the server with a larger --queue.",
  context_length_exceeded:
    "Begin a new conversation, shorten an earlier message with Edit, or start the server with a larger --context.",
  too_many_connections: "Wait for others to leave, then try again.",
  shutting_down: GONE,
  invalid_api_key: "Give the token that the server was started with.",
  model_not_found: "Choose another model, or load this page again.",
};

async function send(address, { token, body, signal }) {
  const headers = {
    ...(token !== "" && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { "content-type": "application/json" }),
  };
  const init = { headers, signal, ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }) };
  let response;
  try {
    response = await fetch(address, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiFault("The server does not answer.", GONE);
  }
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  throw faultOf(error, response.status, seconds > 0 ? seconds : null);
}

function faultOf(error, status, retryAfter = null) {
  const code = error?.code ?? null;
  const message = error?.message ?? `The server answered with status ${status}.`;
  return new ApiFault(message, advice[code] ?? "Change what it names, then try again.", {
    code,
    status,
    retryAfter,
  });
}

/** Returns the models. Throws ApiFault, with status 401 without the right token. */
export async function models({ token }) {
  return (await (await send("/v1/models", { token })).json()).data;
}

/** Tokens as the page keeps them: text, log probability and alternatives. */
const token = ({ token, bytes, logprob, top_logprobs = [] }) => [
  tokenText(token, bytes),
  rounded(logprob),
  top_logprobs.map((other) => [tokenText(other.token, other.bytes), rounded(other.logprob)]),
];

const rounded = (x) => Math.round(x * 1e4) / 1e4;

/** The text of a token; its bytes if they are part of a character. */
const tokenText = (text, bytes) =>
  text.includes("\ufffd") ? bytes.map((byte) => `<${byte.toString(16).padStart(2, "0")}>`).join("") : text;

/** Most times that a request is sent to a server that is full. */
const MOST_TRIES = 60;

/**
 * Sends a request, and again as often as the server says when to. Until then, yields
 * `{type: "wait", seconds, message}` each second. Returns the response.
 */
async function* sendUntilFree(address, init) {
  for (let tries = 1;; tries++) {
    try {
      return await send(address, init);
    } catch (error) {
      if (!(error instanceof ApiFault) || error.retryAfter === null || tries === MOST_TRIES) throw error;
      for (let seconds = Math.ceil(error.retryAfter); seconds > 0; seconds--) {
        yield { type: "wait", seconds, message: error.message };
        await second(init.signal);
      }
    }
  }
}

/** Waits a second. Throws AbortError after the signal. */
function second(signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, 1000);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}

/**
 * Yields the parts of an answer: `{type, text, tokens}` with type text, thought, code or output, and at last
 * `{type: "end", reason, usage}`; before them `{type: "wait", seconds, message}` while the server is full. A
 * model without a chat template continues the last message as a text. Throws ApiFault; AbortError after the
 * signal.
 */
export async function* answer({ token: secret, model, messages, request, signal }) {
  const common = { model: model.id, ...request, stream: true, stream_options: { include_usage: true } };
  const response = yield* model.chat
    ? sendUntilFree("/v1/chat/completions", {
      token: secret,
      signal,
      body: { ...common, messages, logprobs: true, top_logprobs: ALTERNATIVES },
    })
    : sendUntilFree("/v1/completions", {
      token: secret,
      signal,
      body: { max_tokens: 200, ...common, prompt: messages.at(-1).content, logprobs: ALTERNATIVES },
    });
  let reason = null, usage = null;
  for await (const chunk of events(response.body)) {
    if (chunk.error !== undefined) throw faultOf(chunk.error, null);
    usage = chunk.usage ?? usage;
    for (const { delta, text, logprobs, finish_reason } of chunk.choices) {
      reason = finish_reason ?? reason;
      if (delta === undefined) yield* continued(text, logprobs);
      else yield* partsOf(delta, logprobs);
    }
  }
  yield { type: "end", reason, usage };
}

const ALTERNATIVES = 5;

function* partsOf({ content, reasoning_content, parts = [] }, logprobs) {
  if (reasoning_content) yield { type: "thought", text: reasoning_content, tokens: [] };
  for (const { type, text } of parts) {
    yield { type: type === "python" ? "code" : "output", text, tokens: [] };
  }
  if (content) yield { type: "text", text: content, tokens: (logprobs?.content ?? []).map(token) };
}

function* continued(text, logprobs) {
  if (text === "") return;
  const tokens = (logprobs?.tokens ?? []).map((each, i) => [
    each,
    rounded(logprobs.token_logprobs[i]),
    Object.entries(logprobs.top_logprobs?.[i] ?? {}).map(([other, logprob]) => [other, rounded(logprob)]),
  ]);
  yield { type: "text", text, tokens };
}

/** Yields the JSON of Server-Sent Events up to [DONE]. Throws ApiFault if the stream breaks off. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
      for (let at = text.indexOf("\n\n"); at >= 0; at = text.indexOf("\n\n")) {
        const data = text.slice(0, at).replace(/^data: /, "");
        text = text.slice(at + 2);
        if (data === "[DONE]") return;
        yield JSON.parse(data);
      }
    }
  } catch (error) {
    if (error.name === "AbortError" || error instanceof ApiFault) throw error;
    throw new ApiFault("The server broke off in the middle of the answer.", GONE);
  } finally {
    reader.cancel().catch(() => {});
  }
  throw new ApiFault("The server broke off in the middle of the answer.", GONE);
}
