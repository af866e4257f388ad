/**
 * The worker: it has the model, so that the page never waits for a kernel.
 *
 * @module
 */
import "./older_browsers.ts";
import type { Answer, Request } from "../protocol.ts";
import { whyOf } from "./why.ts";
import { Workbench } from "./workbench.ts";

// A worker's global scope, as far as it is used: the project's types describe a main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(answer: Answer): void;
};

const bench = new Workbench((answer) => scope.postMessage(answer));

scope.onmessage = ({ data: request }) => {
  bench.handle(request).catch((error) => {
    const why = whyOf(error);
    scope.postMessage({
      type: "failed",
      what: request.type,
      why,
      ...(request.type === "trial" && { id: request.id }),
    });
  });
};
