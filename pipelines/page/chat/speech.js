/**
 * What screen readers say: the sentences of an answer as they are complete, and what has happened to it. The
 * answer itself is no live region, since each token would be read anew.
 *
 * @module
 */
import { signal } from "@preact/signals";

/** The text of the live region. */
export const spoken = signal("");

/** Says a text. */
export function say(text) {
  spoken.value = text;
}

/** Says the sentences of an answer as they come. */
export function announceAnswer() {
  let rest = "", hasWaited = false;
  say("The answer begins.");
  return {
    /** Says once that the server is full. */
    wait({ message }) {
      if (!hasWaited) say(`Waiting for the server: ${message}`);
      hasWaited = true;
    },
    add(text) {
      rest += text;
      const at = Math.max(
        rest.lastIndexOf(". "),
        rest.lastIndexOf("? "),
        rest.lastIndexOf("! "),
        rest.lastIndexOf("\n"),
      );
      if (at < 0) return;
      say(rest.slice(0, at + 1).trim());
      rest = rest.slice(at + 1);
    },
    end() {
      say(`${rest.trim()} End of the answer.`.trim());
    },
  };
}
