import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { segmentsOf, visibleToken } from "../../../../stages/token/view/visible_token.ts";

const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
const utf8 = new TextEncoder();

Deno.test("segmentsOf() separates complete characters from other bytes", () => {
  deepStrictEqual(segmentsOf(utf8.encode("né你🙂")), [{ text: "né你🙂" }]);
  deepStrictEqual(segmentsOf(bytes(0x20, 0xE4, 0xBD)), [{ text: " " }, { bytes: bytes(0xE4, 0xBD) }]);
  deepStrictEqual(segmentsOf(bytes(0xA0, 0x61, 0xFF)), [{ bytes: bytes(0xA0) }, { text: "a" }, {
    bytes: bytes(0xFF),
  }]);
  // An encoded surrogate is not a character.
  deepStrictEqual(segmentsOf(bytes(0xED, 0xA0, 0x80)), [{ bytes: bytes(0xED, 0xA0, 0x80) }]);
  deepStrictEqual(segmentsOf(bytes()), []);
  for (let first = 0; first < 256; first++) {
    for (const second of [0x00, 0x41, 0x80, 0xBF, 0xC3, 0xFF]) {
      const joined = segmentsOf(bytes(first, second)).flatMap((part) => [
        ..."bytes" in part ? part.bytes : utf8.encode(part.text),
      ]);
      deepStrictEqual(joined, [first, second]);
    }
  }
});

Deno.test("visibleToken() draws spaces, escapes control characters and shows incomplete characters as bytes", () => {
  strictEqual(visibleToken(utf8.encode(" a\n\t\x1b[2J")), "␣a↵⇥\\u{1b}[2J");
  strictEqual(visibleToken(utf8.encode("\u200d\u202e\u3000\u0301")), "\\u{200d}\\u{202e}\\u{3000}\u0301");
  strictEqual(visibleToken(utf8.encode("\u0301a")), "◌\u0301a");
  strictEqual(visibleToken(bytes(0x20, 0xF0, 0x9F)), "␣<f09f>");
});
