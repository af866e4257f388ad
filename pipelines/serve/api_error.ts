/**
 * Errors of the API, in OpenAI's form.
 *
 * @module
 */

import { GrammarLimitError } from "../../stages/answer/grammar/automaton.ts";

/** Fields of an error besides its message. */
export interface ApiErrorOptions {
  /** Name of the field that is wrong, such as `messages[2].role`. */
  readonly param?: string | null;
  /** Word for programs, such as `model_not_found`. */
  readonly code?: string | null;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The error that caused it. */
  readonly cause?: unknown;
}

/** A request that is not answered. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** Further headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly #param: string | null;
  readonly #code: string | null;

  /** An error with this HTTP status and message. */
  constructor(status: number, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    const { param = null, code = null, headers = {} } = options;
    this.status = status;
    this.headers = headers;
    this.#param = param;
    this.#code = code;
  }

  /** The body of the answer. */
  get body(): Readonly<Record<string, unknown>> {
    const { message, status } = this;
    return { error: { message, type: typeOf(status), param: this.#param, code: this.#code } };
  }
}

/** Returns the error of a field with a wrong value. */
export function fieldError(param: string, message: string): ApiError {
  return new ApiError(400, message, { param });
}

/** Returns any error as one of the API. Errors that callers cannot cause become a 500 without details. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof GrammarLimitError) {
    return new ApiError(
      400,
      "The schema allows too many different texts at once to follow them: give fewer alternatives, or leave out minLength, maxLength, minItems and maxItems within them",
      { code: "schema_too_complex", cause: error },
    );
  }
  return new ApiError(500, "The server failed to answer: its log says why", { cause: error });
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}
