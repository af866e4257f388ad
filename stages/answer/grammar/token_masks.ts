/**
 * Which tokens a state of an automaton allows: the bytes of all tokens as a trie, which is walked along the
 * automaton.
 *
 * @module
 */
import { isTag } from "../../chat/template/tags.ts";
import type { Tokenizer } from "../../token/tokenizer.ts";
import type { Automaton, State } from "./automaton.ts";

/** A node of the trie: the bytes that may follow, and the tokens that end here. */
interface Node {
  readonly bytes: number[];
  readonly nodes: Node[];
  readonly ids: number[];
}

/** The tokens of a tokenizer by their bytes; special ones are not among them, but tags are. */
export class Vocabulary {
  readonly #tokenizer: Tokenizer;
  readonly #root: Node = { bytes: [], nodes: [], ids: [] };
  readonly #special: number[] = [];

  private constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    for (let id = 0; id < tokenizer.vocabSize; id++) {
      const bytes = tokenBytes(tokenizer, id);
      if (bytes.length > 0) this.#add(bytes, id);
      else this.#special.push(id);
    }
  }

  static readonly #made = new WeakMap<Tokenizer, Vocabulary>();

  /** Returns the vocabulary of a tokenizer, which is made once. */
  static of(tokenizer: Tokenizer): Vocabulary {
    const made = this.#made.get(tokenizer) ?? new Vocabulary(tokenizer);
    this.#made.set(tokenizer, made);
    return made;
  }

  /** Tokens without bytes. */
  get special(): readonly number[] {
    return this.#special;
  }

  /** Returns the bytes of a token; none for a special one. */
  bytesOf(id: number): Uint8Array {
    return tokenBytes(this.#tokenizer, id);
  }

  /** Returns for each id whether a state allows the token. */
  allowed(automaton: Automaton, state: State): Uint8Array {
    const allowed = new Uint8Array(this.#tokenizer.vocabSize);
    const walk = ({ bytes, nodes }: Node, from: State): void => {
      for (let i = 0; i < bytes.length; i++) {
        const to = automaton.step(from, bytes[i]);
        if (to === null) continue;
        for (const id of nodes[i].ids) allowed[id] = 1;
        walk(nodes[i], to);
      }
    };
    walk(this.#root, state);
    return allowed;
  }

  #add(bytes: Uint8Array, id: number): void {
    let node = this.#root;
    for (const byte of bytes) {
      let at = node.bytes.indexOf(byte);
      if (at < 0) {
        at = node.bytes.push(byte) - 1;
        node.nodes.push({ bytes: [], nodes: [], ids: [] });
      }
      node = node.nodes[at];
    }
    node.ids.push(id);
  }
}

function tokenBytes(tokenizer: Tokenizer, id: number): Uint8Array {
  if (!tokenizer.isSpecialToken(id)) return tokenizer.decodeSingleTokenBytes(id);
  const text = tokenizer.decode([id]);
  return isTag(text) ? new TextEncoder().encode(text) : new Uint8Array(0);
}
