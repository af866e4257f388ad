/**
 * Rank 0's side of the conversation with the other ranks: one message after the other, each with the work
 * that rank 0 does for it.
 *
 * @module
 */
import type { TensorMap } from "../../core/tensor.ts";
import type { Ranks } from "../../dist/ranks.ts";
import { type Message, sendMessage } from "./messages.ts";

/** Tells the other ranks what to do. */
export class Leader {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  readonly #ping: ReturnType<typeof setInterval>;

  /** `ranks` is rank 0. While it has nothing to tell, it says now and then that it is alive. */
  constructor(readonly ranks: Ranks) {
    const often = Math.min(60, ranks.timeout / 4); // seconds
    this.#ping = setInterval(() => {
      if (this.#waiting === 0) this.tell({ type: "ping", tensors: [] }).catch(() => {}); // as will the next
    }, 1000 * often);
    Deno.unrefTimer(this.#ping);
  }

  /**
   * Sends a message after all earlier ones, with the data of tensors, and does rank 0's part of the work. It
   * rejects with the error of the work, and so do all later messages: the ranks would no longer agree.
   */
  tell<T>(
    message: Message,
    options: { readonly data?: readonly TensorMap[]; work(): PromiseLike<T> | T },
  ): Promise<T>;
  /** Sends a message for which rank 0 has nothing to do. */
  tell(message: Message): Promise<void>;
  async tell<T>(
    message: Message,
    { data, work }: { readonly data?: readonly TensorMap[]; work?(): PromiseLike<T> | T } = {},
  ): Promise<T | void> {
    return await this.inTurn(async () => {
      await sendMessage(this.ranks, message, data);
      return await work?.();
    });
  }

  /** Does work of rank 0 alone after all earlier messages. */
  async inTurn<T>(work: () => PromiseLike<T> | T): Promise<T> {
    this.#waiting++;
    const done = this.#tail.then(work);
    this.#tail = done;
    done.catch(() => {}); // the caller gets the error
    try {
      return await done;
    } finally {
      this.#waiting--;
    }
  }

  /** Lets the other ranks end, and waits for them. */
  async end(): Promise<void> {
    clearInterval(this.#ping);
    await this.#tail.catch(() => {}); // its caller has had the error
    await sendMessage(this.ranks, { type: "end", tensors: [] });
    await this.ranks.close();
  }
}
