/**
 * Errors about records that are no conversations.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";

/** A record that is no conversation. The message says what is wrong and what is expected. */
export class RecordFault extends TypeError {
  override readonly name = "TypeError";
}

/** Returns the fault of a field with the wrong value. `where` names it, such as `messages[2].role`. */
export function fieldFault(where: string, value: unknown, expected: string): RecordFault {
  return new RecordFault(
    `${where} is ${value === undefined ? "missing" : excerpt(value)}: expected ${expected}`,
  );
}
