/**
 * Programs in parts: each has some of the calls of a whole program and all of its memory, so running the
 * parts one after the other, with nothing between them that uses the arena, is running the whole. Between two
 * parts the host can use what the first has completed.
 *
 * @module
 */
import type { Program } from "./program.ts";
import { bytesOf } from "./tensor.ts";

/** A part of a program. */
export interface ProgramPart {
  /** The part as a program of its own. */
  readonly program: Program;
  /** Labels of the gradients that neither this part nor a later one has still to change. */
  readonly complete: readonly string[];
}

/**
 * Divides a backward pass where gradients of at least `bytes` bytes have become complete since the last cut.
 * Part `i` is named `<name>/part <i>`. All gradients are complete after some part.
 */
export function partsByGradients(whole: Program, bytes: number): readonly ProgramPart[] {
  const completeAfter = Map.groupBy(lastUses(whole), ([, call]) => call);
  const parts: ProgramPart[] = [];
  let first = 0, complete: string[] = [], waiting = 0;
  whole.calls.forEach((_, call) => {
    for (const [label] of completeAfter.get(call) ?? []) {
      complete.push(label);
      waiting += bytesOf(whole.slots.find((slot) => slot.label === label)!.tensor);
    }
    const end = call + 1;
    if (end < whole.calls.length && (waiting < bytes || waiting === 0)) return;
    const { name, calls } = whole;
    const program = { ...whole, name: `${name}/part ${parts.length}`, calls: calls.slice(first, end), whole };
    parts.push({ program, complete });
    [first, complete, waiting] = [end, [], 0];
  });
  return parts;
}

/** Returns the index of the last call that uses each gradient, by label. */
function lastUses({ calls, slotOf }: Program): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  calls.forEach(({ inputs, outputs }, call) => {
    for (const tensor of [...inputs, ...outputs]) {
      const { kind, label } = slotOf.get(tensor)!;
      if (kind === "gradient") last.set(label, call);
    }
  });
  return last;
}
