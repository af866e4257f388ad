/**
 * Reads the JSON body of a request. Its size, the time that it takes, and its depth are limited, so that no
 * client can hold memory or a connection for long.
 *
 * @module
 */
import { ApiError } from "./api_error.ts";

/** Limits of a body. */
export interface BodyLimits {
  /** Largest body in bytes. Default 2 MiB. */
  readonly bytes?: number;
  /** Milliseconds until the whole body must be there. Default 30 s. */
  readonly time?: number;
}

/** Deepest nesting of lists and objects. */
const MOST_DEPTH = 64;

/** Returns the body as JSON. Throws ApiError for a body that is no JSON or exceeds a limit. */
export async function readBody(request: Request, limits: BodyLimits = {}): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError(
      415,
      `Content-Type is ${
        JSON.stringify(type.slice(0, 100))
      }: send JSON with the header Content-Type: application/json`,
    );
  }
  const text = await readText(request, limits);
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : "";
    throw new ApiError(400, `The body is not valid JSON: ${why}`, { cause });
  }
}

async function readText(
  request: Request,
  { bytes: most = 1 << 21, time = 30_000 }: BodyLimits,
): Promise<string> {
  const tooLarge = () =>
    new ApiError(413, `The body is larger than ${most} bytes`, { headers: { connection: "close" } });
  if (Number(request.headers.get("content-length") ?? 0) > most) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  const late = new ApiError(408, `The body did not arrive within ${time / 1000} s`, {
    headers: { connection: "close" },
  });
  const deadline = Promise.withResolvers<never>();
  deadline.promise.catch(() => {}); // it may come while nothing is read
  const timer = setTimeout(() => deadline.reject(late), time);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "", size = 0;
  try {
    while (true) {
      const { value, done } = await Promise.race([reader.read(), deadline.promise]);
      if (done) return text + decoder.decode();
      size += value.length;
      if (size > most) throw tooLarge();
      text += decoder.decode(value, { stream: true });
    }
  } catch (cause) {
    reader.cancel().catch(() => {}); // the client may have gone
    if (cause instanceof ApiError) throw cause;
    if (cause instanceof TypeError && size > 0) {
      throw new ApiError(400, "The body is not UTF-8, or it ended too early", { cause });
    }
    throw new ApiError(400, "The body could not be read", { cause });
  } finally {
    clearTimeout(timer);
  }
}

function checkDepth(text: string): void {
  let depth = 0, inText = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inText) {
      if (c === "\\") i++;
      else if (c === '"') inText = false;
    } else if (c === '"') inText = true;
    else if (c === "{" || c === "[") {
      if (++depth > MOST_DEPTH) {
        throw new ApiError(400, `The body is nested deeper than ${MOST_DEPTH} levels`);
      }
    } else if (c === "}" || c === "]") depth--;
  }
}
