/**
 * What an assistant remembers of earlier conversations: short facts in a JSON file that people can read and
 * edit. They are part of the system message of later conversations.
 *
 * @module
 */
import { isRecord } from "../disk/json.ts";
import { readIfThere, writeWhole } from "../disk/whole_files.ts";
import { excerpt } from "../format/text/excerpt.ts";
import type { Tool } from "./tool.ts";

/** Most facts, and longest fact in characters. */
const MOST = 100, LONGEST = 300;

/** Facts, in a file or for one answer. */
export class Memory {
  readonly #path: string | null;
  readonly #facts: string[];

  private constructor(path: string | null, facts: string[]) {
    this.#path = path;
    this.#facts = facts;
  }

  /** Reads a file; a file that is missing has no facts. Throws SyntaxError if it is no list of facts. */
  static async open(path: string): Promise<Memory> {
    const text = await readIfThere(path);
    if (text === null) return new Memory(path, []);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      throw new SyntaxError(`Cannot read the memory ${path}: it is not JSON`, { cause });
    }
    const facts = isRecord(json) ? json.facts : undefined;
    if (Array.isArray(facts) && facts.every((fact) => typeof fact === "string")) {
      return new Memory(path, facts);
    }
    throw new SyntaxError(
      `Cannot read the memory ${path}: it is ${excerpt(json)}, expected {"facts": [TEXT, …]}`,
    );
  }

  /**
   * Returns a memory that is in no file. Throws RangeError for more facts, or longer ones, than a memory
   * takes.
   */
  static of(facts: readonly string[]): Memory {
    if (facts.length <= MOST && facts.every((fact) => fact.length <= LONGEST)) {
      return new Memory(null, [...facts]);
    }
    throw new RangeError(`Cannot remember more than ${MOST} facts of at most ${LONGEST} characters`);
  }

  /** The facts, the oldest first. */
  get facts(): readonly string[] {
    return this.#facts;
  }

  /**
   * Adds a fact. Throws RangeError for an empty or long one, and if there is no room. An error of
   * `writeWhole` means that the fact is added, and that the file does not have it.
   */
  async remember(fact: string): Promise<void> {
    const text = fact.trim();
    if (text === "" || text.length > LONGEST) {
      throw new RangeError(`Cannot remember ${text.length} characters: expected 1 to ${LONGEST}`);
    }
    if (this.#facts.length >= MOST) {
      throw new RangeError(`Cannot remember more than ${MOST} facts: forget one`);
    }
    if (!this.#facts.includes(text)) this.#facts.push(text);
    await this.#save();
  }

  /**
   * Removes a fact by its number, from 1. Throws RangeError if there is none. An error of `writeWhole` means
   * that the fact is removed, and that the file still has it.
   */
  async forget(number: number): Promise<void> {
    if (!Number.isInteger(number) || number < 1 || number > this.#facts.length) {
      throw new RangeError(`There is no fact ${number}: the memory has ${this.#facts.length}`);
    }
    this.#facts.splice(number - 1, 1);
    await this.#save();
  }

  /** Returns the text for a system message; empty without facts. */
  prompt(): string {
    return this.#facts.length === 0
      ? ""
      : `What you remember:\n${this.#facts.map((fact) => `- ${fact}`).join("\n")}`;
  }

  /** Returns the tool by which a model remembers. */
  tool(): Tool {
    return {
      name: "memory",
      about: "Remembers a short fact about the user for later conversations.",
      argument: "fact",
      run: async (fact) => {
        try {
          await this.remember(fact);
          return { output: "remembered" };
        } catch (cause) {
          if (cause instanceof RangeError) return { error: cause.message };
          return { error: `not saved: ${cause instanceof Error ? cause.message : cause}` };
        }
      },
    };
  }

  /** Returns a tool that copies the facts for each answer: rollouts must not change each other. */
  ownTool(): Tool {
    return {
      ...this.tool(),
      texts: () => this.#facts,
      forAnswer: () => new Memory(null, [...this.#facts]).tool(),
    };
  }

  async #save(): Promise<void> {
    if (this.#path === null) return;
    await writeWhole(this.#path, `${JSON.stringify({ facts: this.#facts }, null, 2)}\n`);
  }
}
