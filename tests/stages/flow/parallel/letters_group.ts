/**
 * A group for the tests of `parallel`: one-to-many, asynchronous, dropping, speaking, failing on demand.
 *
 * @module
 */
import { map, rule, type Stage } from "../../../../stages/flow/stage.ts";

/** What the tests push through. */
export type Letter = Readonly<{ id: string; value: number }>;

/** A letter's length, for runs that measure. */
export function valueOf(letter: unknown): number | undefined {
  return typeof letter === "object" && letter !== null && "value" in letter &&
      typeof letter.value === "number"
    ? letter.value
    : undefined;
}

/** Doubles every third letter, drops every fifth, fails on the one with id `fail`. */
export function letters(options: { fail?: string }): Stage<any, any>[] {
  return [
    map("checked", (letter: Letter) => {
      if (letter.id === options.fail) throw new RangeError("torn");
      return letter;
    }),
    rule("no fives", (letter: Letter) => (letter.value % 5 === 0 ? "five" : null)),
    {
      name: "doubled",
      open: () => null,
      *push(letter: Letter) {
        yield letter;
        if (letter.value % 3 === 0) yield { ...letter, id: `${letter.id}'` };
      },
    },
    map("late", async (letter: Letter, ctx) => {
      await Promise.resolve();
      if (letter.value === 7) ctx.emit({ type: "note", text: `seven is ${letter.id}` });
      return letter;
    }),
  ];
}

/** Draws random numbers, which a group must not. */
export function dice(): Stage<any, any>[] {
  return [map("dice", (_letter, ctx) => ctx.rng.next())];
}

/** Remembers, which a group must not. */
export function hoard(): Stage<any, any>[] {
  return [{ name: "hoard", open: () => [], push: () => [], flush: (held) => held }];
}

/** Gives what cannot be sent. */
export function functions(): Stage<any, any>[] {
  return [map("functions", () => () => 1)];
}

/** Never ends. */
export function endless(): Stage<any, any>[] {
  return [map("endless", () => new Promise(() => {}))];
}

/** Is stuck for ever at letters whose value ends in 77, and before that at those of 4; drops those of 5. */
export function swamp(): Stage<any, any>[] {
  const stuck = (name: string, at: (value: number) => boolean) =>
    map(name, (letter: Letter) => {
      while (at(letter.value));
      return letter;
    });
  return [
    stuck("early", (value) => value === 4),
    rule("no fives", (letter: Letter) => (letter.value === 5 ? "five" : null)),
    stuck("late", (value) => value % 100 === 77),
  ];
}
