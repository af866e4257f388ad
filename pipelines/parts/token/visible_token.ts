/**
 * A token's bytes as people can look at them: whole characters as text, what is only a part of one as bytes.
 *
 * @module
 */

/** Characters, or bytes that make none on their own. */
export type TokenSegment = { readonly text: string } | { readonly bytes: Uint8Array };

/** The pieces of a token, in order; texts and bytes take turns. */
export function segmentsOf(token: Uint8Array): TokenSegment[] {
  const pieces: TokenSegment[] = [];
  let text = "", stray: number[] = [];
  const end = (): void => {
    if (text !== "") pieces.push({ text });
    if (stray.length > 0) pieces.push({ bytes: Uint8Array.from(stray) });
    [text, stray] = ["", []];
  };
  for (let at = 0; at < token.length;) {
    const character = characterAt(token, at);
    if ((character === null) !== (stray.length > 0)) end();
    if (character === null) stray.push(token[at++]);
    else {
      text += character.text;
      at += character.width;
    }
  }
  end();
  return pieces;
}

/** Bytes as two digits each: "e4bd". */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A token for a terminal: blanks and line breaks are drawn ("␣", "↵", "⇥"), control and format characters are their
 * code points ("\u{200d}"), bytes that are no whole character stand as "<e4bd>".
 */
export function visibleToken(token: Uint8Array): string {
  return segmentsOf(token).map((piece) => "bytes" in piece ? `<${hex(piece.bytes)}>` : visible(piece.text))
    .join("");
}

/** The same of a text. */
export function visible(text: string): string {
  const drawn = text.replace(/[\p{C}\p{Z}\u115f\u1160\u3164\uffa0]/gu, (character) => {
    switch (character) {
      case " ":
        return "␣";
      case "\n":
        return "↵";
      case "\t":
        return "⇥";
      default:
        return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
    }
  });
  return /^\p{M}/u.test(drawn) ? `◌${drawn}` : drawn; // a mark would sit on what stands before the token
}

/** The whole character that begins at a place, or null. */
function characterAt(
  bytes: Uint8Array,
  at: number,
): { readonly text: string; readonly width: number } | null {
  const first = bytes[at];
  const width = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  try {
    const text = strict.decode(bytes.subarray(at, at + width));
    return { text, width };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return null;
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
