/**
 * Opens the chat page of a server with the taught model, and does what a reader does.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { chatPage } from "../../../../pipelines/page/chat/chat_page.ts";
import { browser } from "../../../browser.ts";
import { type OpenPage, withBrowser } from "../../../browser_page.ts";
import { withFolder } from "../../../temporary.ts";
import { type TaughtOptions, type TaughtServer, withServer } from "../../serve/taught_server.ts";

/** An open chat page. */
export interface OpenChat extends OpenPage {
  readonly server: TaughtServer;
  /** Writes a message and sends it with Enter. */
  send(text: string): Promise<void>;
  /** Sends a message and waits until all answers have ended. */
  ask(text: string): Promise<void>;
  /** Waits until all answers have ended. */
  ended(): Promise<void>;
  /** Clicks the first button with this text or label. */
  click(name: string): Promise<void>;
  /** Returns the texts of all elements of a selector. */
  texts(selector: string): Promise<string[]>;
}

const none = browser === null ? " (ignored: no chromium)" : "";

/** Settings of a reader who wants the likeliest answers. */
const greedy = { sampling: { temperature: 0 } };

/** A test of a server's page; at its end the page must have asked nobody else, and reported no errors. */
export function chatTest(
  name: string,
  options: TaughtOptions & { readonly settings?: object; readonly hasFaults?: boolean },
  work: (chat: OpenChat) => Promise<void>,
): void {
  const { settings = {}, hasFaults = false, ...others } = options;
  Deno.test({
    name: `the chat page ${name}${none}`,
    ignore: browser === null && Deno.env.get("CI") !== "true",
    sanitizeOps: false, // the browser's pipes
    sanitizeResources: false,
    fn: () =>
      withFolder(async (folder) => {
        const page = await chatPage();
        await withServer({ page, ...others }, (server) =>
          withBrowser(folder, async (open) => {
            const opened = await open(`${server.address}/`);
            const kept = JSON.stringify({ ...greedy, ...settings });
            await opened.page.evaluate((kept) => localStorage.setItem("settings", kept), kept);
            await opened.page.reload();
            await opened.until(`document.querySelector("h1")?.textContent !== "Chat"`);
            await work(chatOf(opened, server));
            const strangers = opened.requests.filter((url) =>
              !url.startsWith(server.address) && !url.startsWith("blob:")
            );
            deepStrictEqual(strangers, []);
            if (!hasFaults) deepStrictEqual(opened.problems, []);
          }));
      }),
  });
}

function chatOf(opened: OpenPage, server: TaughtServer): OpenChat {
  const { page, until } = opened;
  const send = async (text: string) => {
    await page.focus("textarea[aria-label=message]");
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  };
  // The page draws at most every 50 ms: an answer has begun when its turn is there.
  const ended = () => until(`document.querySelector("[aria-busy=true]") === null && ${hasButton("Send")}`);
  return {
    ...opened,
    server,
    send,
    ended,
    async ask(text) {
      const turns = `document.querySelectorAll(".turn").length`, count = await page.evaluate(turns);
      await send(text);
      await until(`${turns} > ${count}`);
      await ended();
    },
    async click(name) {
      await until(hasButton(name));
      await page.evaluate(`${buttonOf(name)}.click()`);
      await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 20)))");
    },
    texts: (selector) =>
      page.evaluate(
        `[...document.querySelectorAll(${JSON.stringify(selector)})].map((e) => e.textContent.trim())`,
      ) as Promise<string[]>,
  };
}

const buttonOf = (name: string) =>
  `[...document.querySelectorAll("button")].find((b) =>
    b.textContent.trim() === ${JSON.stringify(name)} || b.ariaLabel === ${JSON.stringify(name)})`;

const hasButton = (name: string) => `${buttonOf(name)} !== undefined`;
