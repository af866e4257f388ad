/**
 * A stage that groups the texts of documents, so that each thread counts the chunks of a whole group.
 *
 * @module
 */
import type { Stage } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { GROUP_CHARACTERS, type TextGroup } from "../../../stages/token/train/count_chunks.ts";

/** Options of `groupTexts`. */
export interface GroupTextsOptions {
  /** Number of characters after which no further documents are read; if null, all documents are read. */
  readonly maxCharacters: number | null;
  /** Number of characters, from the beginning of the texts, that are passed on as excerpts. */
  readonly excerpt: number;
}

/** State of the stage, which checkpoints save. */
interface GroupState {
  /** Texts of the group that is being filled. */
  texts: string[];
  /** Number of characters of `texts`. */
  held: number;
  /** Number of characters of all texts so far. */
  characters: number;
  /** Number of characters of all excerpts so far. */
  excerpted: number;
}

/** Returns a stage that turns documents into groups of their texts and keeps the order. */
export function groupTexts(
  { maxCharacters, excerpt }: GroupTextsOptions,
): Stage<Document, TextGroup, GroupState> {
  const takeGroup = (state: GroupState): TextGroup => {
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
      return state.held < GROUP_CHARACTERS ? [] : [takeGroup(state)];
    },
    done: ({ characters }) => maxCharacters !== null && characters >= maxCharacters,
    flush: (state) => state.texts.length === 0 ? [] : [takeGroup(state)],
  };
}
