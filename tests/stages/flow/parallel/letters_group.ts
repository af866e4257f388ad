/**
 * Groups for the tests of `parallel`.
 *
 * @module
 */
import { existsSync } from "../../../../stages/disk/whole_files.ts";
import { map, rule, type Stage } from "../../../../stages/flow/stage.ts";

/** An item of the tests. */
export type Letter = Readonly<{ id: string; value: number }>;

/** Returns the measure of the group: a letter's value. */
export function valueOf(letter: unknown): number | undefined {
  return typeof letter === "object" && letter !== null && "value" in letter &&
      typeof letter.value === "number"
    ? letter.value
    : undefined;
}

/**
 * Returns a group that drops every fifth letter, yields every third letter twice, and fails at the letter
 * with id `fail`.
 */
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

/** Returns a group that uses random numbers, which is not allowed. */
export function dice(): Stage<any, any>[] {
  return [map("dice", (_letter, ctx) => ctx.rng.next())];
}

/** Returns a group with a stateful stage, which is not allowed. */
export function hoard(): Stage<any, any>[] {
  return [{ name: "hoard", open: () => [], push: () => [], flush: (held) => held }];
}

/** Returns a group whose output cannot be sent to another thread. */
export function functions(): Stage<any, any>[] {
  return [map("functions", () => () => 1)];
}

/** Returns a group that never finishes an item. */
export function endless(): Stage<any, any>[] {
  return [map("endless", () => new Promise(() => {}))];
}

/** Returns a group that loops for ever at value 4 and at values that end in 77, and drops value 5. */
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

/** Returns a group that waits at the values 1 and 2 until the file `<path>-<value>` exists. */
export function held({ path }: { readonly path: string }): Stage<any, any>[] {
  return [
    map("held", (letter: Letter) => {
      if (letter.value === 1 || letter.value === 2) { while (!existsSync(`${path}-${letter.value}`)); }
      return letter;
    }),
  ];
}
