/**
 * Holds out text for validation: a share of the documents, chosen before the tokenizer.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import {
  checkSize,
  chooseHeldOut,
  documentBytes,
  type HeldOutSize,
  nextDigest,
  SMALL,
} from "./held_out_text.ts";

/** State of the stage. */
interface HoldOutState {
  /** Number of bytes held out so far. */
  bytes: number;
  /** SHA-256 of the text held out so far. */
  digest: string;
  /** Whether the held-out text is complete. */
  complete: boolean;
  /** Documents among which the held-out ones will be chosen. */
  pending: Document[];
  /** Number of bytes of these documents. */
  pendingBytes: number;
}

const MAX_PENDING = 1 << 23; // bytes: 8 MiB

/** Number of bytes among which `holdOut` chooses if there are no candidates. */
export function pendingLimit({ share, bytes }: HeldOutSize): number {
  return Math.min(Math.max(1.6 * bytes / share, SMALL), MAX_PENDING);
}

/**
 * Marks the documents that are held out for validation with `heldOut`, and passes them on before all others.
 *
 * Candidates from `candidatesFirst` are held out, up to `bytes` bytes. Without a candidate, the documents are
 * kept until they are enough to hold out `bytes` bytes at this share, or until the input ends, and
 * `chooseHeldOut` chooses among them. Throws RangeError for a size out of range.
 *
 * @example
 * ```ts
 * import { from, holdOut } from "@stagewise/gpt";
 *
 * const lines = Array.from({ length: 20 }, (_, i) => ({ id: `${i}`, text: `This is document ${i + 10}.` }));
 * const marked = from(lines).pipe(holdOut({ share: 0.1, bytes: 1000 }));
 * const held = (await Array.fromAsync(marked.stream())).filter(({ heldOut }) => heldOut !== undefined);
 * console.log(held.length); // 2
 * ```
 */
export function holdOut(size: HeldOutSize): Stage<Document, Document> {
  checkSize(size);
  const limit = pendingLimit(size);
  return stage<Document, Document, HoldOutState>({
    name: "hold-out",
    open: (_ctx, saved = { bytes: 0, digest: "", complete: false, pending: [], pendingBytes: 0 }) => ({
      ...saved,
      pending: [...saved.pending],
    }),
    *push({ candidate, ...doc }, state) {
      const own = documentBytes(doc);
      if (candidate && !state.complete) {
        if (state.bytes + own <= size.bytes) {
          yield marked(doc, state);
          return;
        }
        state.complete = state.bytes > 0;
      }
      if (state.complete || state.bytes > 0) {
        state.complete = true;
        yield* pendingOf(state); // candidates too long to be held out
        yield doc;
        return;
      }
      state.pending.push(doc);
      state.pendingBytes += own;
      if (state.pendingBytes >= limit) yield* chosen(state, size);
    },
    *flush(state) {
      if (state.bytes > 0) yield* pendingOf(state);
      else if (state.pending.length > 0) yield* chosen(state, size);
    },
  });
}

/** Chooses among the pending documents and passes on all of them. */
function* chosen(state: HoldOutState, size: HeldOutSize): Generator<Document> {
  const { held, rest } = chooseHeldOut(pendingOf(state), size);
  for (const doc of held) yield marked(doc, state);
  state.complete = true;
  yield* rest;
}

/** Removes the pending documents from the state and returns them. */
function pendingOf(state: HoldOutState): Document[] {
  state.pendingBytes = 0;
  return state.pending.splice(0);
}

function marked(doc: Document, state: HoldOutState): Document {
  state.bytes += documentBytes(doc);
  state.digest = nextDigest(state.digest, doc.text);
  return { ...doc, heldOut: state.digest };
}
