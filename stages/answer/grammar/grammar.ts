/**
 * Context-free grammars over bytes.
 *
 * @module
 */

/** A grammar: what a text may be. */
export type Grammar =
  | {
    /** One byte of a set. */
    readonly kind: "byte";
    /** Whether each byte is in the set. */
    readonly has: Uint8Array;
  }
  | { readonly kind: "sequence" | "choice"; readonly items: readonly Grammar[] }
  | {
    /** A grammar several times; it must not allow the empty text. */
    readonly kind: "repeat";
    readonly item: Grammar;
    readonly min: number;
    /** May be Infinity. */
    readonly max: number;
  }
  | {
    /** A grammar that is made when it is needed, so that grammars can contain themselves. */
    readonly kind: "reference";
    readonly get: () => Grammar;
  };

/** Returns a grammar of all these, one after the other. Strings stand for themselves. */
export function sequence(...items: readonly (Grammar | string)[]): Grammar {
  return { kind: "sequence", items: items.map((item) => typeof item === "string" ? literal(item) : item) };
}

/** Returns a grammar of any of these. Strings stand for themselves. */
export function choice(...items: readonly (Grammar | string)[]): Grammar {
  return { kind: "choice", items: items.map((item) => typeof item === "string" ? literal(item) : item) };
}

/** Returns a grammar of `min` to `max` repetitions; default: any number. */
export function repeat(item: Grammar, min = 0, max = Infinity): Grammar {
  return { kind: "repeat", item, min, max };
}

/** Returns a grammar that is made when it is needed. */
export function reference(get: () => Grammar): Grammar {
  let made: Grammar | null = null;
  return { kind: "reference", get: () => made ??= get() };
}

/** Returns a grammar of one text, in UTF-8. */
export function literal(text: string): Grammar {
  return { kind: "sequence", items: [...new TextEncoder().encode(text)].map((byte) => bytes([byte, byte])) };
}

/** Returns a grammar of one byte in any of these ranges, which include both ends. */
export function bytes(...ranges: readonly (readonly [first: number, last: number])[]): Grammar {
  const has = new Uint8Array(256);
  for (const [first, last] of ranges) has.fill(1, first, last + 1);
  return { kind: "byte", has };
}

/** Returns a grammar of one of these ASCII characters. */
export function oneOf(characters: string): Grammar {
  return bytes(...[...new TextEncoder().encode(characters)].map((byte) => [byte, byte] as const));
}
