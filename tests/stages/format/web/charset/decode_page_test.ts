/**
 * Tests how the charset of a page is found. Texts are encoded by tables of the decoder itself.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { decodePage } from "../../../../../stages/format/web/charset/decode_page.ts";
import { charsetInType, declaredCharset } from "../../../../../stages/format/web/charset/prescan.ts";
import { isBinaryText } from "../../../../../stages/format/web/binary_text.ts";

const texts = {
  "gbk": "河水缓缓地流着，旧码头边的小船一直停到早晨才慢慢离开。",
  "shift_jis": "川はゆっくりと流れ、古い船着き場には朝まで小舟が並んでいる。",
  "euc-kr": "강물은 천천히 흐르고 낡은 선착장에는 아침까지 작은 배들이 서 있다.",
  "windows-1251": "Река течёт медленно, и лодки стоят у старого причала до самого утра.",
  "windows-1252": "Le café près de l’église était fermé, mais la forêt brûlée reverdissait déjà.",
  "utf-8": "Le café près de l’église était fermé, mais la forêt brûlée reverdissait déjà.",
};

/** Encodes a text: tries all bytes and pairs of bytes of the charset. */
function encode(text: string, charset: string): number[] {
  if (charset === "utf-8") return [...new TextEncoder().encode(text)];
  const decoder = new TextDecoder(charset, { fatal: true });
  const table = new Map<string, number[]>();
  const add = (bytes: number[]) => {
    try {
      const character = decoder.decode(Uint8Array.from(bytes));
      if ([...character].length === 1 && !table.has(character)) table.set(character, bytes);
    } catch {
      // not a character of this charset
    }
  };
  for (let a = 0; a < 256; a++) add([a]);
  if (!charset.startsWith("windows")) {
    for (let a = 0x81; a < 256; a++) for (let b = 0x40; b < 256; b++) add([a, b]);
  }
  return [...text].flatMap((character) => table.get(character)!);
}

function page(head: string, charset: keyof typeof texts): Uint8Array<ArrayBuffer> {
  const text = encode(texts[charset], charset);
  const ascii = (part: string) => [...new TextEncoder().encode(part)];
  const body = Array(3).fill([...ascii("<p>"), ...text, ...ascii("</p>")]).flat();
  return Uint8Array.from([...ascii(`<!DOCTYPE html><html><head>${head}</head><body>`), ...body]);
}

Deno.test("decodePage() reads what is declared anywhere in the head, and detects what is not", () => {
  for (const charset of Object.keys(texts) as (keyof typeof texts)[]) {
    const late = `<meta name=x content="${"x".repeat(3000)}"><meta charset="${charset}">`;
    for (
      const head of [
        "",
        late,
        '<meta charset="utf-8">',
        `<meta http-equiv=Content-Type content="text/html; charset=${charset}">`,
      ]
    ) {
      const text = decodePage(page(head, charset), null);
      strictEqual(
        text.includes(`<p>${texts[charset]}</p>`),
        true,
        `${charset} ${head.slice(-60)}: ${text.slice(-99)}`,
      );
    }
  }
});

Deno.test("decodePage() takes bytes that are UTF-8 for UTF-8, also with a bad byte or cut at the end", () => {
  const bytes = page('<meta charset="iso-8859-1">', "utf-8");
  strictEqual(decodePage(bytes, "iso-8859-1").includes(texts["utf-8"]), true);
  const bad = bytes.slice();
  bad[bytes.lastIndexOf(0xc3) + 1] = 0x3c;
  strictEqual(decodePage(bad, null).split("\ufffd").length, 2);
  strictEqual(decodePage(bad, null).includes(texts["utf-8"]), true);
  strictEqual(
    decodePage(bytes.subarray(0, bytes.lastIndexOf(0xc3) + 1), null).includes(texts["utf-8"]),
    true,
  );
  strictEqual(decodePage(Uint8Array.of(0x61, 0xe6, 0x97), null), "a\ufffd");
});

Deno.test("decodePage() puts the bytes before the header, and a firm declaration before a vague one", () => {
  strictEqual(
    decodePage(page('<meta charset="shift_jis">', "shift_jis"), "iso-8859-1").includes(texts.shift_jis),
    true,
  );
  strictEqual(
    decodePage(page('<meta charset="koi8-r">', "windows-1251"), "windows-1251").includes(
      texts["windows-1251"],
    ),
    true,
  );
  strictEqual(
    decodePage(page('<meta charset="x-user-defined">', "windows-1252"), null).includes(texts["windows-1252"]),
    true,
  );
  strictEqual(decodePage(page("", "utf-8"), "klingon").includes(texts["utf-8"]), true);
});

Deno.test("decodePage() knows byte order marks, and UTF-16 without one", () => {
  const text = `<!DOCTYPE html><p>${texts["utf-8"]}</p>`;
  const little = Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8]));
  const big = little.map((_, i) => little[i ^ 1]);
  for (const bytes of [little, big]) strictEqual(decodePage(bytes, null), text);
  strictEqual(decodePage(Uint8Array.of(0xff, 0xfe, ...little), "gbk"), text);
  strictEqual(decodePage(Uint8Array.of(0xfe, 0xff, ...big), "gbk"), text);
  strictEqual(decodePage(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), "gbk"), "a");
});

Deno.test("declaredCharset() reads only declarations", () => {
  const of = (head: string) => declaredCharset(new TextEncoder().encode(head));
  strictEqual(of('<!-- <meta charset="a"> --><meta charset="b">'), "b");
  strictEqual(of('<meta name="x" content="charset=a"><meta charset=b>'), "b");
  strictEqual(of('<script>"<meta charset=a>"</script><meta charset=b>'), "b");
  strictEqual(of('<title><meta charset=a></title><META CHARSET = "b">'), "b");
  strictEqual(of('<meta http-equiv="content-type" content="text/html;charset=b">'), "b");
  strictEqual(of('<meta content="text/html;charset=a">'), null);
  strictEqual(of('<?xml version="1.0" encoding="b"?><html>'), "b");
  strictEqual(of('<link title="<meta charset=a>"><body><meta charset=a>'), null);
  strictEqual(of(`<meta name=x content="${"x".repeat(200_000)}"><meta charset=b>`), "b");
  strictEqual(of("<"), null);
  strictEqual(of("<meta charset"), null);
});

Deno.test("charsetInType() reads quotes, spaces and lists", () => {
  for (
    const type of [
      "text/html; charset=b",
      'text/html; charset = " b "',
      "text/html;charset='b'",
      "text/html; charset=b,c",
      "text/html, text/html; CHARSET=b",
    ]
  ) {
    strictEqual(charsetInType(type), "b", type);
  }
  strictEqual(charsetInType("text/html"), null);
});

Deno.test("isBinaryText() tells text with a twentieth of strange characters from text with more", () => {
  const text = (strange: number) => "\u0001".repeat(strange) + "a".repeat(100 - strange);
  strictEqual(isBinaryText(text(5)), false);
  strictEqual(isBinaryText(text(6)), true);
  strictEqual(isBinaryText(""), false);
  strictEqual(isBinaryText("\t\r\n\f".repeat(50)), false);
});
