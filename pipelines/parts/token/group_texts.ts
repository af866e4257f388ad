/**
 * The stage that puts documents' texts into groups, so that threads count whole groups.
 *
 * @module
 */
import type { Stage } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { GROUP_CHARACTERS, type TextGroup } from "../../../stages/token/train/count_chunks.ts";

/** What is read. */
export interface GroupTextsOptions {
  /** The first documents that have so many characters together; null: all. */
  readonly maxCharacters: number | null;
  /** Characters of the beginning that go along with the groups. */
  readonly excerpt: number;
}

interface Gathering {
  texts: string[];
  /** Characters of `texts`. */
  held: number;
  /** Of all texts so far. */
  characters: number;
  /** Of the excerpts so far. */
  excerpted: number;
}

/** Documents → groups of their texts, in order. */
export function groupTexts(
  { maxCharacters, excerpt }: GroupTextsOptions,
): Stage<Document, TextGroup, Gathering> {
  const take = (state: Gathering): TextGroup => {
    const beginning = state.excerpted < excerpt
      ? state.texts.join("").slice(0, excerpt - state.excerpted)
      : "";
    const group = { texts: state.texts, excerpt: beginning };
    state.texts = [];
    state.held = 0;
    state.excerpted += beginning.length;
    return group;
  };
  return {
    name: "gather",
    open: (_ctx, saved = { texts: [], held: 0, characters: 0, excerpted: 0 }) => saved,
    push({ text }, state) {
      state.texts.push(text);
      state.held += text.length;
      state.characters += text.length;
      return state.held < GROUP_CHARACTERS ? [] : [take(state)];
    },
    done: ({ characters }) => maxCharacters !== null && characters >= maxCharacters,
    flush: (state) => state.texts.length === 0 ? [] : [take(state)],
  };
}
