/**
 * Finds the matches of a compiled regular expression by backtracking, in time linear in the length of the
 * text.
 *
 * A text is first matched without any record, which is fastest. If that takes too many steps, the machine
 * records from which instructions it has already failed at which places, so that it fails there only once.
 *
 * @module
 */
import { ATOMIC, JUMP, LOOK, MATCH, PLACE, type Program, SET, SPAN, SPLIT } from "./compile.ts";
import type { CharSet } from "./char_set.ts";
import { escapedClasses } from "./char_set.ts";
import type { Place } from "./parse.ts";

/** Kinds of entries on the stack: what to do when the instructions tried after them have failed. */
const BRANCH = 0; // [kind, instruction, place, 0]: continue there
const SHORTER = 1; // [kind, SPAN, shortest end, end tried]: try the span one character shorter
const LONGER = 2; // [kind, SPAN, longest end, end tried]: try the span one character longer
const FAILED = 3; // [kind, index in the record, 0, 0]: the SPLIT has failed; its record stays

const FAST_STEPS = 40; // steps per character without a record
const RECORDED_STEPS = 16; // steps per character and instruction with a record
const SLACK = 100; // characters that every text may count in addition

/** Thrown when a text takes more steps than it may. */
class TooManySteps extends Error {}

/** Matches one expression. */
export class Machine {
  readonly #program: Program;
  #text = "";
  #stack = new Int32Array(256);
  #height = 0;
  #steps = 0;
  #limit = 0;
  #recording = false;
  /** With a record: a bit for each SPLIT and place that was tried. */
  #tried = new Uint32Array(0);
  #words = 0; // words of `#tried` that each SPLIT has
  /** For each SPAN, the last run of its characters that was measured. */
  readonly #runStart: Int32Array;
  readonly #runEnd: Int32Array;
  /** With a record: for each SPAN, the least and greatest end after which the expression failed. */
  readonly #failedFrom: Int32Array;
  readonly #failedTo: Int32Array;

  readonly #recordsAlways: boolean;

  /** A machine for this program. With `record`, failures are recorded from the beginning of each text. */
  constructor(program: Program, { record = program.emptyLoops } = {}) {
    this.#program = program;
    this.#recordsAlways = record;
    this.#runStart = new Int32Array(program.spans);
    this.#runEnd = new Int32Array(program.spans);
    this.#failedFrom = new Int32Array(program.spans);
    this.#failedTo = new Int32Array(program.spans);
  }

  /**
   * Yields start and end of each match from the place `from` on, without overlaps. As in Oniguruma, an empty
   * match right after the last match does not count. Throws RangeError if the text takes too many steps even
   * with a record. When a new iteration begins, earlier ones must not continue.
   */
  *matches(text: string, from = 0): Generator<readonly [start: number, end: number], void, undefined> {
    this.#begin(text, this.#recordsAlways);
    let lastEnd = -1;
    for (let start = from; start <= text.length;) {
      const end = this.#matchAt(start);
      if (end < 0 || end === start && end === lastEnd) {
        start += widthAt(text, start);
      } else {
        yield [start, end];
        lastEnd = start = end;
      }
    }
  }

  #begin(text: string, recording: boolean): void {
    const { splits, code } = this.#program, { length } = text;
    this.#text = text;
    this.#recording = recording;
    this.#steps = 0;
    this.#limit = recording ? RECORDED_STEPS * code.length * (length + SLACK) : FAST_STEPS * (length + SLACK);
    this.#runStart.fill(-1);
    this.#runEnd.fill(-1);
    this.#failedFrom.fill(1);
    this.#failedTo.fill(0);
    if (!recording) return;
    this.#words = Math.ceil((length + 1) / 32);
    const words = splits * this.#words;
    if (this.#tried.length < words) this.#tried = new Uint32Array(words);
    else this.#tried.fill(0, 0, words);
  }

  /** Returns the end of the match that begins at `start`, or -1. */
  #matchAt(start: number): number {
    try {
      return this.#run(0, start);
    } catch (error) {
      this.#height = 0;
      if (!(error instanceof TooManySteps)) throw error;
      if (this.#recording) {
        throw new RangeError(
          `Cannot split a text of ${this.#text.length} characters by the regular expression: ` +
            `it takes more than ${this.#limit} steps`,
        );
      }
      this.#begin(this.#text, true);
      return this.#matchAt(start);
    }
  }

  /**
   * Runs the instructions from `from` at the place `start`, and returns the end of the match or -1. With
   * `mustEnd`, only a match that ends there counts, and nothing is recorded.
   */
  #run(from: number, start: number, mustEnd = -1): number {
    const { code } = this.#program, text = this.#text, base = this.#height;
    const recording = this.#recording && mustEnd < 0;
    let at = from, place = start;
    for (;;) {
      if (++this.#steps > this.#limit) throw new TooManySteps();
      const instruction = code[at];
      let fails = false;
      switch (instruction.op) {
        case SET: {
          const width = matchedWidth(text, place, instruction.set);
          place += width;
          at++;
          fails = width === 0;
          break;
        }
        case SPAN:
          place = this.#span(at, place, recording);
          fails = place < 0;
          at++;
          break;
        case SPLIT:
          if (recording) fails = !this.#record(instruction.index, place);
          if (fails) break;
          this.#push(BRANCH, instruction.other, place, 0);
          at = instruction.next;
          break;
        case JUMP:
          at = instruction.next;
          break;
        case PLACE:
          fails = !holds(text, place, instruction.place ?? "text start");
          at++;
          break;
        case LOOK:
          fails = this.#look(at, place, mustEnd) === instruction.negated;
          at = instruction.next;
          break;
        case ATOMIC: {
          const end = this.#run(at + 1, place, -1);
          fails = end < 0;
          place = end;
          at = instruction.next;
          break;
        }
        case MATCH:
          fails = mustEnd >= 0 && place !== mustEnd;
          if (fails) break;
          if (recording) this.#succeed(from, at, base);
          this.#height = base;
          return place;
      }
      if (!fails) continue;
      // Goes back to the last entry from which something is left to try.
      for (;;) {
        if (this.#height === base) return -1;
        const top = this.#height - 4, stack = this.#stack;
        if (stack[top] === FAILED) {
          this.#height = top;
          continue;
        }
        if (stack[top] === BRANCH) {
          this.#height = top;
          at = stack[top + 1];
          place = stack[top + 2];
          break;
        }
        if (++this.#steps > this.#limit) throw new TooManySteps();
        place = this.#nextEnd(top, recording);
        if (place < 0) {
          this.#height = top;
          continue;
        }
        at = stack[top + 1] + 1;
        break;
      }
    }
  }

  /** Whether the body of a LOOK matches. */
  #look(at: number, place: number, mustEnd: number): boolean {
    const { back } = this.#program.code[at];
    if (back.length === 1 && back[0] === 0 && mustEnd < 0) return this.#run(at + 1, place) >= 0;
    return back.some((count) => {
      let start = place;
      for (let i = 0; i < count && start >= 0; i++) start = start === 0 ? -1 : before(this.#text, start);
      return start >= 0 && this.#run(at + 1, start, place) >= 0;
    });
  }

  /** Matches a SPAN: returns the end to try first, or -1, and pushes an entry for the other ends. */
  #span(at: number, start: number, recording: boolean): number {
    const { set, min, max, greed, index } = this.#program.code[at], text = this.#text;
    let least = start;
    for (let i = 0; i < min; i++) {
      const width = matchedWidth(text, least, set);
      if (width === 0) return -1;
      least += width;
    }
    const most = max === Infinity ? this.#runFrom(least, set, index) : this.#counted(least, set, max - min);
    if (greed === "possessive") return most;
    const first = greed === "lazy"
      ? this.#unfailed(index, least, most, recording)
      : this.#unfailedBelow(index, most, least, recording);
    if (first < 0) return -1;
    const last = greed === "lazy" ? most : least;
    // Without a record, the last end needs no entry.
    if (recording || first !== last) this.#push(greed === "lazy" ? LONGER : SHORTER, at, last, first);
    return first;
  }

  #counted(start: number, set: CharSet | null, most: number): number {
    let end = start;
    for (let i = 0; i < most; i++) {
      const width = matchedWidth(this.#text, end, set);
      if (width === 0) break;
      end += width;
    }
    this.#steps += end - start;
    return end;
  }

  /** Returns the end of the run of a set's characters; a run is measured once. */
  #runFrom(start: number, set: CharSet | null, index: number): number {
    const runStart = this.#runStart[index], runEnd = this.#runEnd[index];
    if (start >= runStart && start <= runEnd) return runEnd;
    let end = start;
    for (let width = matchedWidth(this.#text, end, set); width > 0 && end !== runStart;) {
      end += width;
      width = matchedWidth(this.#text, end, set);
    }
    this.#steps += end - start;
    if (end === runStart) end = runEnd; // the runs are one
    this.#runStart[index] = start;
    this.#runEnd[index] = end;
    return end;
  }

  /** Returns the next end to try of the SPAN whose entry is at `top`, or -1. */
  #nextEnd(top: number, recording: boolean): number {
    const stack = this.#stack, failed = stack[top + 3], last = stack[top + 2];
    const { index } = this.#program.code[stack[top + 1]];
    if (recording) this.#fail(index, failed);
    if (failed === last) return -1;
    const longer = stack[top] === LONGER;
    const next = longer
      ? this.#unfailed(index, failed + widthAt(this.#text, failed), last, recording)
      : this.#unfailedBelow(index, before(this.#text, failed), last, recording);
    stack[top + 3] = next;
    if (next === last && !recording) this.#height = top;
    return next;
  }

  /** Records that the expression failed after a SPAN that ended at `end`. */
  #fail(index: number, end: number): void {
    const from = this.#failedFrom[index], to = this.#failedTo[index];
    if (from > to || end < from - 2 || end > to + 2) this.#failedFrom[index] = this.#failedTo[index] = end;
    else if (end < from && end + widthAt(this.#text, end) === from) this.#failedFrom[index] = end;
    else if (end > to && to + widthAt(this.#text, to) === end) this.#failedTo[index] = end;
  }

  /** Returns the first end from `end` to `most` that has not failed, or -1. */
  #unfailed(index: number, end: number, most: number, recording: boolean): number {
    const to = this.#failedTo[index];
    const free = recording && end >= this.#failedFrom[index] && end <= to
      ? to + widthAt(this.#text, to)
      : end;
    return free <= most ? free : -1;
  }

  /** Returns the last end from `least` to `end` that has not failed, or -1. */
  #unfailedBelow(index: number, end: number, least: number, recording: boolean): number {
    const from = this.#failedFrom[index];
    const fails = recording && end >= from && end <= this.#failedTo[index];
    if (fails && from <= least) return -1;
    const free = fails ? before(this.#text, from) : end;
    return free >= least ? free : -1;
  }

  /** Records that a SPLIT is tried at a place. Returns false if it was tried there before. */
  #record(index: number, place: number): boolean {
    const word = index * this.#words + (place >>> 5), mask = 1 << (place & 31);
    if ((this.#tried[word] & mask) !== 0) return false;
    this.#tried[word] |= mask;
    this.#push(FAILED, index, place, 0);
    return true;
  }

  /**
   * Corrects the record after the instructions `from` to `to` have matched: what the entries above `base`
   * stand for has not failed. If empty groups are repeated, a part may have failed only because it was being
   * tried already, so all records of these instructions are removed.
   */
  #succeed(from: number, to: number, base: number): void {
    const { code, emptyLoops } = this.#program, stack = this.#stack;
    for (let top = base; top < this.#height; top += 4) {
      if (stack[top] !== FAILED) continue;
      this.#tried[stack[top + 1] * this.#words + (stack[top + 2] >>> 5)] &= ~(1 << (stack[top + 2] & 31));
    }
    if (!emptyLoops) return;
    for (let at = from; at < to; at++) {
      const { op, index } = code[at];
      if (op === SPAN) {
        this.#failedFrom[index] = 1;
        this.#failedTo[index] = 0;
      } else if (op === SPLIT) {
        this.#tried.fill(0, index * this.#words, (index + 1) * this.#words);
        this.#steps += this.#words;
      }
    }
  }

  #push(kind: number, instruction: number, a: number, b: number): void {
    if (this.#height === this.#stack.length) {
      const larger = new Int32Array(this.#stack.length * 2);
      larger.set(this.#stack);
      this.#stack = larger;
    }
    const stack = this.#stack, top = this.#height;
    stack[top] = kind;
    stack[top + 1] = instruction;
    stack[top + 2] = a;
    stack[top + 3] = b;
    this.#height = top + 4;
  }
}

/** Returns the length of the character at a place in UTF-16 units; 1 at the end of the text. */
function widthAt(text: string, at: number): number {
  const high = (text.charCodeAt(at) & 0xFC00) === 0xD800;
  return high && (text.charCodeAt(at + 1) & 0xFC00) === 0xDC00 ? 2 : 1;
}

/** Returns the place of the character before a place that is not the beginning. */
function before(text: string, at: number): number {
  const low = (text.charCodeAt(at - 1) & 0xFC00) === 0xDC00;
  return low && at > 1 && (text.charCodeAt(at - 2) & 0xFC00) === 0xD800 ? at - 2 : at - 1;
}

/** Returns the length of the character at a place if it is in the set, otherwise 0. */
function matchedWidth(text: string, at: number, set: CharSet | null): number {
  if (at >= text.length || set === null) return 0;
  const unit = text.charCodeAt(at);
  if ((unit & 0xFC00) !== 0xD800) return set.has(unit) ? 1 : 0;
  const codePoint = text.codePointAt(at) ?? unit;
  if (!set.has(codePoint)) return 0;
  return codePoint > 0xFFFF ? 2 : 1;
}

/** Returns whether an assertion holds at a place. */
function holds(text: string, at: number, place: Place): boolean {
  const end = text.length, newline = 10;
  switch (place) {
    case "text start":
      return at === 0;
    case "text end":
      return at === end;
    case "last line end":
      return at === end || at === end - 1 && text.charCodeAt(at) === newline;
    case "line start":
      return at === 0 || at < end && text.charCodeAt(at - 1) === newline;
    case "line end":
      return at === end || text.charCodeAt(at) === newline;
    case "word":
      return isWord(text, at) !== (at > 0 && isWord(text, before(text, at)));
    case "no word":
      return isWord(text, at) === (at > 0 && isWord(text, before(text, at)));
  }
}

function isWord(text: string, at: number): boolean {
  return at < text.length && escapedClasses.w(text.codePointAt(at) ?? 0);
}
