/**
 * Makes tokens visible: complete characters as text, incomplete ones as bytes.
 *
 * @module
 */

/** Complete characters, or bytes that are not complete characters. */
export type TokenSegment = { readonly text: string } | { readonly bytes: Uint8Array };

/** Splits a token into alternating segments of characters and of other bytes. */
export function segmentsOf(token: Uint8Array): TokenSegment[] {
  const segments: TokenSegment[] = [];
  let text = "", stray: number[] = [];
  const end = (): void => {
    if (text !== "") segments.push({ text });
    if (stray.length > 0) segments.push({ bytes: Uint8Array.from(stray) });
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
  return segments;
}

/** Returns bytes as hexadecimal digits, two per byte: "e4bd". */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Returns a token for a terminal: spaces, line breaks and tabs become "␣", "↵" and "⇥", control and format
 * characters become their code points ("\u{200d}"), and bytes of incomplete characters become "<e4bd>".
 */
export function visibleToken(token: Uint8Array): string {
  return segmentsOf(token).map((part) => "bytes" in part ? `<${hex(part.bytes)}>` : visible(part.text))
    .join("");
}

/** Returns a text for a terminal, with white space and control characters made visible in the same way. */
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
  return /^\p{M}/u.test(drawn) ? `◌${drawn}` : drawn; // separates a combining mark from the text before it
}

/** Returns the character that begins at byte `at`, or null if it is incomplete or malformed. */
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
