/**
 * The connection to the event stream of a live page.
 *
 * @module
 */
import { connection, data, hasEnded, many, parse, refresh, state, take, takeNow } from "./store.js";

/** Follows the page's runs until they have ended. */
export function follow({ token, runs }) {
  const query = new URLSearchParams({
    token,
    after: runs.map(({ lines }) => lines).join(),
    epoch: runs.map(({ epoch }) => epoch).join(),
  });
  for (const { name } of runs) query.append("run", name);
  const source = new EventSource(`events?${query}`);
  const line = (run) => ({ data }) => take(run, parse(data));
  if (runs.length === 1) source.addEventListener("message", line(0));
  else runs.forEach((_, i) => source.addEventListener(`run${i}`, line(i)));
  source.addEventListener("state", (message) => {
    const next = parse(message.data), live = { ...data.live, ...next.live };
    refresh(() => state.value = { ...data, ...next, live });
  });
  source.addEventListener("now", (message) => takeNow(parse(message.data)[0]));
  source.addEventListener("reset", () => location.reload()); // the run was resumed from an earlier step
  source.addEventListener("open", () => connection.value = "live");
  source.addEventListener("error", () => {
    // A browser tries again after a lost connection, but not after an answer that refuses it.
    const refused = source.readyState === EventSource.CLOSED, ended = hasEnded();
    if (ended) source.close();
    connection.value = ended
      ? many ? "the runs have ended" : "the run has ended"
      : refused
      ? "the connection was refused: open the address that the program prints now, or load this page again"
      : "connection lost: trying again";
  });
}
