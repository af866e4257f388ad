// The page of `tokenizer --inspect`: encodes the typed text with the vocabulary that the page contains.

const data = JSON.parse(document.getElementById("vocabulary").textContent);
const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const mostShown = 20000; // tokens; more would make the page slow

/** `parts` holds the two parts of each merged token, `pairs` the rank and id of each pair's merge. */
const parts = new Map();
const pairs = new Map();
const pairKey = (left, right) => left * 2 ** 22 + right; // ids are below 2^21
for (let i = 0; i < data.merges.length; i += 3) {
  const [left, right, id] = data.merges.slice(i, i + 3);
  parts.set(id, [left, right]);
  if (!pairs.has(pairKey(left, right))) pairs.set(pairKey(left, right), { rank: i, id });
}
const single = new Map(data.bytes.map((id, byte) => [id, byte]));
const special = new Map(data.special);
const specialNames = new Map(data.special.map(([text, id]) => [id, text]));
const characterIds = data.characters && new Map(data.characters.map((character, id) => [character, id]));
const known = new Map();

/** Returns the bytes of a token, from its parts. */
function bytesOf(id) {
  if (!known.has(id)) {
    if (specialNames.has(id)) known.set(id, [...utf8.encode(specialNames.get(id))]);
    else if (data.characters) known.set(id, [...utf8.encode(data.characters[id] ?? "")]);
    else if (single.has(id)) known.set(id, [single.get(id)]);
    else known.set(id, parts.get(id).flatMap(bytesOf));
  }
  return known.get(id);
}

/** Yields the chunks of a text; text between two matches of the pattern is a chunk too. */
function* chunksOf(text) {
  let end = 0;
  for (const match of text.matchAll(new RegExp(data.pattern, "gu"))) {
    if (match[0] === "") continue;
    if (match.index > end) yield text.slice(end, match.index);
    yield match[0];
    end = match.index + match[0].length;
  }
  if (end < text.length) yield text.slice(end);
}

/**
 * Returns the ids of a chunk: repeatedly merges all occurrences of the pair of lowest rank, until no pair can
 * be merged.
 */
function mergeChunk(chunk) {
  let ids = [...utf8.encode(chunk)].map((byte) => data.bytes[byte]);
  for (;;) {
    let best = null;
    for (let i = 0; i + 1 < ids.length; i++) {
      const pair = pairs.get(pairKey(ids[i], ids[i + 1]));
      if (pair && (best === null || pair.rank < best.rank)) best = pair;
    }
    if (best === null) return ids;
    const merged = [];
    for (let i = 0; i < ids.length; i++) {
      const here = i + 1 < ids.length && pairs.get(pairKey(ids[i], ids[i + 1])) === best;
      merged.push(here ? best.id : ids[i]);
      if (here) i++;
    }
    ids = merged;
  }
}

/**
 * Returns the ids of a text without special tokens; throws RangeError for a character that is not in the
 * vocabulary.
 */
function plainIds(text) {
  if (!characterIds) return [...chunksOf(text)].flatMap(mergeChunk);
  return [...text].map((character) => {
    if (characterIds.has(character)) return characterIds.get(character);
    throw new RangeError(`${JSON.stringify(character)} is not in the vocabulary`);
  });
}

/** Returns the ids of a text in which special tokens are allowed everywhere. */
function encode(text) {
  const names = [...special.keys()].sort((a, b) => b.length - a.length);
  if (names.length === 0) return plainIds(text);
  const escaped = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`, "u"))
    .flatMap((part, i) => i % 2 === 1 ? [special.get(part)] : plainIds(part));
}

/** Appends a token's complete characters as text, and other bytes as hexadecimal digits. */
function showBytes(element, bytes) {
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at];
    const width = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    try {
      const text = strict.decode(Uint8Array.from(bytes.slice(at, at + width)));
      // deno-lint-ignore no-control-regex
      if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) {
        element.append(small(`u+${text.codePointAt(0).toString(16)}`));
      } else {
        if (text === "\n") element.append(small("↵"));
        element.append(text);
      }
      at += width;
    } catch {
      element.append(small(first.toString(16).padStart(2, "0")));
      at++;
    }
  }
}

function small(text) {
  return Object.assign(document.createElement("kbd"), { textContent: text });
}

const byId = (id) => document.getElementById(id);

function show(text) {
  byId("tokens").replaceChildren();
  byId("ids").replaceChildren();
  let ids;
  try {
    ids = encode(text);
  } catch (error) {
    byId("counts").textContent = `Cannot encode this: ${error.message}`;
    return;
  }
  ids.slice(0, mostShown).forEach((id, i) => {
    const token = document.createElement("i");
    token.dataset.at = i;
    token.style.background = `var(--${i % 6})`;
    if (specialNames.has(id)) token.className = "special";
    const number = token.cloneNode();
    number.textContent = id;
    showBytes(token, bytesOf(id));
    byId("tokens").append(token);
    byId("ids").append(number, " ");
  });
  if (ids.length > mostShown) byId("tokens").append(`… and ${ids.length - mostShown} more tokens`);
  const bytes = utf8.encode(text).length;
  const facts = [
    [ids.length, "tokens"],
    [[...text].length, "characters"],
    [bytes, "bytes"],
    [ids.length === 0 ? "–" : (bytes / ids.length).toFixed(2), "bytes per token"],
  ];
  byId("counts").replaceChildren(...facts.map(([value, words]) => {
    const fact = document.createElement("span");
    fact.append(
      Object.assign(document.createElement("b"), { textContent: value.toLocaleString("en-US") }),
      ` ${words}`,
    );
    return fact;
  }));
  globalThis.shownIds = ids;
}

/** Highlights a token in both panels and describes it. */
function pointAt(event) {
  const at = event.target.closest("i")?.dataset.at;
  if (at === undefined) return;
  for (const token of document.querySelectorAll("i.here")) token.classList.remove("here");
  for (const token of document.querySelectorAll(`i[data-at="${at}"]`)) token.classList.add("here");
  const id = globalThis.shownIds[at];
  const bytes = bytesOf(id);
  const about = [
    `token ${Number(at) + 1}: id ${id}, bytes ${
      bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")
    }`,
  ];
  const made = parts.get(id);
  if (made) about.push(`merged from ${made.map((part) => `${quoted(part)} (${part})`).join(" and ")}`);
  if (specialNames.has(id)) about.push("a special token");
  byId("about").replaceChildren(Object.assign(document.createElement("code"), {
    textContent: `${quoted(id)} ${about.join(", ")}`,
  }));
}

function quoted(id) {
  return JSON.stringify(new TextDecoder().decode(Uint8Array.from(bytesOf(id))));
}

/** Fills the compression table. */
function drawCompression({ columns, rows }) {
  const row = (label, cells) => {
    const line = document.createElement("tr");
    line.append(
      ...[label, ...cells].map((text) => Object.assign(document.createElement("th"), { textContent: text })),
    );
    return line;
  };
  const number = (value) => value.toLocaleString("en-US");
  const head = document.createElement("thead");
  head.append(
    row("", ["characters", "bytes", ...columns.map(({ name }) => name)]),
    row("size of the vocabulary", ["", "", ...columns.map(({ vocabSize }) => number(vocabSize))]),
  );
  const english = rows.find(({ label }) => label === "English")?.tokens;
  const body = document.createElement("tbody");
  for (const { label, bytes, characters, tokens, translated } of rows) {
    body.append(row(label, [
      number(characters),
      number(bytes),
      ...tokens.map((n, i) => {
        if (n === null) return "–";
        const relative = translated && english[i] !== null ? ` (${(n / english[i]).toFixed(2)})` : "";
        return `${(bytes / n).toFixed(2)}${relative}`;
      }),
    ]));
  }
  byId("compression").append(head, body);
}

byId("name").textContent = `Tokens of ${data.name}`;
byId("vocabulary-words").textContent = `${
  data.vocabSize.toLocaleString("en-US")
} tokens. Change the text to see its tokens. The text does not leave this page.`;
byId("text").value = data.text;
byId("text").addEventListener("input", () => show(byId("text").value.toWellFormed()));
for (const panel of ["tokens", "ids"]) {
  byId(panel).addEventListener("pointerover", pointAt);
  byId(panel).addEventListener("pointerdown", pointAt);
}
show(data.text.toWellFormed()); // not the field's value, in which browsers remove carriage returns
drawCompression(data.compression);
