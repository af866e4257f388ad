/** A reader of Server-Sent Events that looks at every field. @module */
import { beforeDeadline } from "../../../deadline.ts";

/** One message of a stream. */
export interface Message {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Reads a stream until it is closed. */
export class Reader {
  readonly #body: ReadableStreamDefaultReader<string>;
  #text = "";

  private constructor(readonly response: Response) {
    const body = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (body === undefined) throw new Error("The answer has no body");
    this.#body = body;
  }

  static async open(address: string, headers: Record<string, string> = {}): Promise<Reader> {
    const response = await beforeDeadline(fetch(address, { headers }));
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return new Reader(response);
  }

  /** Returns the next message, or null at the end of the stream; passes over comments. */
  async next(): Promise<Message | null> {
    while (true) {
      const at = this.#text.indexOf("\n\n");
      if (at >= 0) {
        const block = this.#text.slice(0, at);
        this.#text = this.#text.slice(at + 2);
        if (block.startsWith(":")) continue;
        const field = (name: string) =>
          block.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
        return { event: field("event") || "message", id: field("id"), data: field("data") };
      }
      const { done, value } = await beforeDeadline(this.#body.read());
      if (done) return null;
      this.#text += value;
    }
  }

  /** Returns the next messages of a type, `count` of them. */
  async take(count: number, type = "message"): Promise<Message[]> {
    const found: Message[] = [];
    while (found.length < count) {
      const message = await this.next();
      if (message === null) throw new Error(`The stream ended after ${found.length} of ${count} messages`);
      if (message.event === type) found.push(message);
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#body.cancel();
  }
}
