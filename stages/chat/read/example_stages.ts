/**
 * Stages that turn documents, read with `records`, into examples.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import type { Example, Preference } from "../conversation.ts";
import { exampleOf, type ExampleRecord, preferenceOf } from "./examples.ts";
import { RecordFault } from "./record_fault.ts";

/** How records that are no examples are treated. */
export interface ReadExamplesOptions {
  /** `refuse` (default) ends the run with an error; `skip` drops the record as `no_conversation`. */
  readonly damaged?: "refuse" | "skip";
}

/**
 * Turns each record into an example. Throws TypeError, naming the record and the field, for a record that is
 * none.
 */
export function examples(options: ReadExamplesOptions = {}): Stage<Document, Example> {
  return reading("examples", exampleOf, options);
}

/** Turns each record into a preference. Throws the errors of `examples`. */
export function preferences(options: ReadExamplesOptions = {}): Stage<Document, Preference> {
  return reading("preferences", preferenceOf, options);
}

function reading<Out>(
  name: string,
  read: (record: ExampleRecord) => Out,
  { damaged = "refuse" }: ReadExamplesOptions,
): Stage<Document, Out> {
  return stage<Document, Out, null>({
    name,
    open: () => null,
    push(document, _state, ctx) {
      try {
        return [read({ id: document.id, fields: document.metadata ?? {} })];
      } catch (cause) {
        if (!(cause instanceof RecordFault)) throw cause;
        if (damaged === "skip") {
          ctx.drop(document, "no_conversation");
          return [];
        }
        throw new TypeError(
          `Cannot read record ${document.id}: ${cause.message}: correct it, or leave such records out with --damaged skip`,
          { cause },
        );
      }
    },
  });
}
