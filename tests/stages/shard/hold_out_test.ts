/**
 * Tests how text is held out for validation: the choice, the stage `holdOut` and the source
 * `candidatesFirst`.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import { checkSource, checkStage } from "../../../stages/flow/check_resume.ts";
import { from } from "../../../stages/flow/flow.ts";
import { utf8Length } from "../../../stages/format/text/utf8_length.ts";
import type { Document } from "../../../stages/items.ts";
import { candidatesFirst } from "../../../stages/shard/candidates.ts";
import {
  chooseHeldOut,
  cutBefore,
  documentBytes,
  holdOutKey,
  inHoldOutOrder,
} from "../../../stages/shard/held_out_text.ts";
import { holdOut } from "../../../stages/shard/hold_out.ts";

const size = { share: 0.1, bytes: 256_000 };

/** A text of sentences in paragraphs; `alphabet` are the letters. */
function prose(seed: number, length: number, alphabet = "etaoinshrdlu"): string {
  const letters = [...alphabet];
  let text = "", state = seed + 1;
  const next = (below: number) => (state = (state * 48271) % 2147483647) % below;
  while (text.length < length) {
    text += Array.from({ length: 1 + next(8) }, () => letters[next(letters.length)]).join("");
    text += ["", "", "", "", ".", ".\n", ".\n\n"][next(7)] + " ";
  }
  return [...text].slice(0, length).join("");
}

function documents(count: number, length: number, name = "doc"): Document[] {
  return Array.from({ length: count }, (_, i) => ({ id: `${name}-${i}`, text: prose(i, length) }));
}

const bytesOf = (docs: readonly Document[]) => docs.reduce((sum, doc) => sum + documentBytes(doc), 0);

async function heldOutOf(docs: readonly Document[], wanted = size): Promise<Document[]> {
  const all = await Array.fromAsync(from(docs).pipe(holdOut(wanted)).stream());
  return all.filter(({ heldOut }) => heldOut !== undefined);
}

Deno.test("chooseHeldOut() takes a tenth of any number of documents, and loses no text", () => {
  for (const alphabet of ["etaoinshrdlu", "оеаинтсрвл", "的一是不了人我在有他", "अआइईउऊएऐ", "😀😁😂🤣😃"]) {
    for (const [count, length] of [[1, 10_000], [1, 20], [2, 300], [5, 16_000], [18, 16_000], [400, 40]]) {
      const docs = documents(count, length).map(({ id }, i) => ({ id, text: prose(i, length, alphabet) }));
      const { held, rest } = chooseHeldOut(docs, size), target = 0.1 * bytesOf(docs);
      const name = `${count} documents of ${length} characters such as ${alphabet[0]}: ${
        bytesOf(held)
      } bytes`;
      ok(held.length > 0 && bytesOf(held) >= 0.65 * target - 4 && bytesOf(held) <= 1.3 * target + 4, name);
      strictEqual(bytesOf(held) + bytesOf(rest), bytesOf(docs), name);
      ok([...held, ...rest].every(({ text }) => text !== "" && text.isWellFormed()), name);
    }
  }
});

Deno.test("chooseHeldOut() takes the same texts for any order and any ids, and at most `bytes` bytes", () => {
  const docs = documents(60, 3000), texts = (list: readonly Document[]) => list.map(({ text }) => text);
  const { held } = chooseHeldOut(docs, size);
  const shuffled = docs.toReversed().map(({ text }, i) => ({ id: `other/${i}`, text }));
  deepStrictEqual(texts(chooseHeldOut(shuffled, size).held), texts(held));
  const few = bytesOf(chooseHeldOut(docs, { share: 0.1, bytes: 4000 }).held);
  ok(few <= 5000 && few > 2600, `${few}`);
});

Deno.test("chooseHeldOut() cuts a text of two characters, and takes no text of one", () => {
  const choose = (text: string) => chooseHeldOut([{ id: "1", text }], { share: 0.5, bytes: 10 }).held;
  deepStrictEqual(choose("ab").map(({ text }) => text), ["b"]);
  deepStrictEqual(choose("é"), []);
});

Deno.test("cutBefore() cuts between paragraphs, else lines, sentences, words, characters", () => {
  const after = (text: string, bytes: number) => text.slice(cutBefore(text, bytes));
  const filler = "x".repeat(60);
  strictEqual(after(`${filler} one.\n\ntwo three\nfour`, 16), "two three\nfour");
  strictEqual(after(`${filler} one.\ntwo three four.`, 14), "two three four.");
  strictEqual(after(`${filler} One. Two three four.`, 14), "Two three four.");
  strictEqual(after(`${filler}。二三四五。`, 15), "二三四五。");
  strictEqual(after(`${filler} two three`, 9), "two three");
  strictEqual(after(filler, 6), "xxxxxx");
  strictEqual(after("😀".repeat(9), 9), "😀😀");
  strictEqual(after("😀".repeat(9), 1), "😀");
});

Deno.test("holdOut() passes the held-out documents on first, and identifies their text", async () => {
  const docs = documents(40, 500);
  const all = await Array.fromAsync(from(docs).pipe(holdOut(size)).stream());
  const marks = all.map(({ heldOut }) => heldOut !== undefined);
  strictEqual(marks.lastIndexOf(true) + 1, marks.filter(Boolean).length);
  const identity = (held: readonly Document[]) => held.at(-1)?.heldOut;
  const same = await heldOutOf(docs.toReversed());
  ok(/^[0-9a-f]{64}$/.test(identity(same) ?? ""));
  strictEqual(identity(all.filter(({ heldOut }) => heldOut !== undefined)), identity(same));
  const changed = docs.map((doc) => ({ ...doc, text: `${doc.text}!` }));
  ok(identity(await heldOutOf(changed)) !== identity(same));
});

Deno.test("the identity of the held-out text changes with each held-out document, and with no other", async () => {
  const docs = documents(60, 400),
    held = await heldOutOf(docs),
    texts = new Set(held.map(({ text }) => text));
  const identity = async (changed: readonly Document[]) => (await heldOutOf(changed)).at(-1)?.heldOut;
  const whole = held.filter(({ id }) => !id.includes("#")), last = holdOutKey(held[held.length - 1]);
  ok(whole.length >= 4);
  let others = 0;
  for (const [i, doc] of docs.entries()) {
    const one = { ...doc, text: `${doc.text.slice(0, -1)}~` }; // one byte
    const changed = await identity(docs.with(i, one));
    if (texts.has(doc.text)) ok(changed !== held.at(-1)?.heldOut, doc.id);
    // The changed text may itself be held out, because of its new hash.
    else if (holdOutKey(one) > last && !held.some(({ id }) => id.startsWith(`${doc.id}#`))) {
      strictEqual(changed, held.at(-1)?.heldOut, doc.id);
      others++;
    }
  }
  ok(others > 30, `${others}`);
});

Deno.test("candidatesFirst() chooses the same candidates from `spread`, and keeps few documents in memory", async () => {
  const docs = documents(300, 20_000), wanted = { share: 0.1, bytes: 100_000 };
  const source = asSource("docs", () => docs);
  const firsts = async (spread: readonly Document[]) => {
    const options = { spread: () => Promise.resolve(asSource("spread", () => spread)) };
    const all = await Array.fromAsync(from(candidatesFirst(source, wanted, options)).stream());
    deepStrictEqual(all.map(({ id }) => id).sort(), docs.map(({ id }) => id).sort()); // none lost, none twice
    return all.filter(({ candidate }) => candidate).map(({ id }) => id);
  };
  const expected = inHoldOutOrder(docs).slice(0, 10).map(({ id }) => id); // twice 100,000 bytes
  deepStrictEqual(await firsts(docs), expected);
  deepStrictEqual(await firsts(docs.toReversed()), expected);
  const even = docs.filter((_, i) => i % 2 === 0);
  deepStrictEqual(await firsts(even), inHoldOutOrder(even).slice(0, 10).map(({ id }) => id));
});

Deno.test("holdOut() and candidatesFirst() resume exactly", async () => {
  await checkStage(() => holdOut(size), documents(20, 300));
  const candidates = documents(30, 2000).map((doc, i): Document => i < 5 ? { ...doc, candidate: true } : doc);
  await checkStage(() => holdOut({ share: 0.1, bytes: 5000 }), candidates);
  const docs = documents(150, 20_000);
  const source = () => candidatesFirst(asSource("docs", () => docs), { share: 0.1, bytes: 40_000 });
  await checkSource(source, { limit: 8 }); // four candidates come first
});

Deno.test("candidatesFirst() and holdOut() choose from the whole source, for any order of the documents", async () => {
  const docs = documents(150, 20_000), wanted = { share: 0.1, bytes: 250_000 };
  const run = (list: readonly Document[]) =>
    Array.fromAsync(
      from(candidatesFirst(asSource("docs", () => list), wanted)).pipe(holdOut(wanted)).stream(),
    );
  const all = await run(docs), held = all.filter(({ heldOut }) => heldOut !== undefined);
  ok(bytesOf(held) > 220_000 && bytesOf(held) <= 250_000, `${bytesOf(held)} bytes`);
  deepStrictEqual(all.map(({ id }) => id).sort(), docs.map(({ id }) => id).sort());
  const places = held.map(({ id }) => Number(id.slice(4)));
  ok(Math.min(...places) < 50 && Math.max(...places) >= 100, `${places}`);
  const again = (await run(docs.toReversed())).filter(({ heldOut }) => heldOut !== undefined);
  deepStrictEqual(again, held);
  ok(all.every((doc) => !("candidate" in doc)));
});

Deno.test("holdOut() holds out text even if filters drop all candidates", async () => {
  const docs = documents(150, 20_000);
  const source = candidatesFirst(asSource("docs", () => docs), size);
  const kept = (await Array.fromAsync(from(source).stream())).filter(({ candidate }) => !candidate);
  ok(kept.length < docs.length);
  const held = bytesOf(await heldOutOf(kept));
  ok(held > 180_000 && held <= 256_000, `${held} bytes`);
});

Deno.test("holdOut() passes on a candidate that is too long to be held out, as soon as the text is complete", async () => {
  const [long, short, ...others] = documents(5, 2000);
  const docs: Document[] = [
    { ...long, text: long.text.repeat(3), candidate: true },
    { ...short, candidate: true },
    ...others,
  ];
  const passed = await Array.fromAsync(from(docs).pipe(holdOut({ share: 0.1, bytes: 5000 })).stream());
  deepStrictEqual(passed.map(({ id }) => id), [short, long, ...others].map(({ id }) => id));
  deepStrictEqual(passed.map(({ heldOut }) => heldOut !== undefined), [true, false, false, false, false]);
});

Deno.test("holdOut() refuses a size out of range", () => {
  for (const wrong of [{ share: 0 }, { share: 0.51 }, { share: NaN }, { bytes: 0 }, { bytes: 1.5 }]) {
    throws(() => holdOut({ ...size, ...wrong }), RangeError);
  }
  strictEqual(utf8Length("aé😀"), 7);
});

// Values that the author of cyrb53 gives in its repository (bryc/code, jshash/experimental/cyrb53.js).
Deno.test("holdOutKey() is cyrb53 of the text, or of the page before extraction", () => {
  const golden = {
    a: 7929297801672961,
    b: 8684336938537663,
    revenge: 4051478007546757,
    revenue: 8309097637345594,
  };
  for (const [text, hash] of Object.entries(golden)) {
    strictEqual(Number.parseInt(holdOutKey({ id: "any", text }), 16), hash, text);
    strictEqual(holdOutKey({ id: "page", text: "", html: text }), holdOutKey({ id: "any", text }));
  }
  strictEqual(holdOutKey({ id: "any", text: "a" }).length, 14); // so that keys sort as numbers do
});

Deno.test("cutBefore() leaves the most characters that fit into the bytes, but never none, in any script", () => {
  // The first and the last character of each length in UTF-8, and surrogates without their partner.
  const characters = ["a", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\u{10000}", "\u{10ffff}"];
  for (
    const text of [
      ...characters.map((c) => c.repeat(9)),
      characters.join(""),
      characters.toReversed().join(""),
    ]
  ) {
    const points = [...text];
    for (let bytes = 1; bytes <= utf8Length(text); bytes++) {
      let expected = points.length - 1;
      while (expected > 0 && utf8Length(points.slice(expected - 1).join("")) <= bytes) expected--;
      strictEqual(cutBefore(text, bytes), points.slice(0, expected).join("").length, `${bytes} of ${text}`);
    }
  }
  strictEqual(cutBefore("\ud83dab\udc00", 3), 3); // a low surrogate alone is a character of three bytes
});

Deno.test("holdOut() accepts a size of one byte and the largest share", async () => {
  const docs = documents(4, 100);
  const one = await heldOutOf(docs, { share: 0.5, bytes: 1 });
  deepStrictEqual(one.map(({ text }) => utf8Length(text)), [1]);
});

Deno.test("holdOut() holds out nothing more once it has a candidate, be it of a single byte", async () => {
  const [long] = documents(1, 3000), short = { id: "short", text: "a" };
  const candidates = [long, short].map((doc) => ({ ...doc, candidate: true as const }));
  const all: Document[] = await Array.fromAsync(
    from(candidates).pipe(holdOut({ share: 0.1, bytes: 100 })).stream(),
  );
  deepStrictEqual(all.map(({ id, heldOut }) => [id, heldOut !== undefined]), [["short", true], [
    long.id,
    false,
  ]]);
});
