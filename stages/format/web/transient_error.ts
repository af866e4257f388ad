/**
 * The error of a request that may succeed when it is sent again.
 *
 * @module
 */

/**
 * A failure that may be temporary. `pause` is the number of milliseconds to wait before the next try, if the
 * server asks for a pause.
 */
export class TransientError extends Error {
  constructor(message: string, readonly pause: number | null = null) {
    super(message);
  }
}
