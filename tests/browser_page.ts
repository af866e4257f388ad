/**
 * Opens pages in a browser that stays open, for tests of what a reader does with them.
 *
 * @module
 */
import puppeteer, { type Page } from "puppeteer-core";
import axe from "axe-core/axe.min.js" with { type: "text" };
import { browser } from "./browser.ts";
import { beforeDeadline } from "./deadline.ts";

/** A page that is open. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of scripts, of the console and of the page's policy. */
  readonly problems: readonly string[];
  /** Addresses that the page has asked for, apart from what it contains itself. */
  readonly requests: readonly string[];
  /** Waits until an expression holds in the page. */
  until(expression: string): Promise<void>;
}

/** How a browser is started. */
export interface BrowserOptions {
  /** Its arguments besides those of every test. Default: no GPU. */
  readonly args?: readonly string[];
  /** Its environment; default: that of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds for one command to the browser; default: 180,000. */
  readonly patience?: number;
}

/** Starts a browser with its files in a folder, and ends it after `work`. */
export async function withBrowser(
  folder: string,
  work: (open: (address: string) => Promise<OpenPage>) => Promise<void>,
  { args = ["--disable-gpu"], env, patience }: BrowserOptions = {},
): Promise<void> {
  const chromium = await puppeteer.launch({
    executablePath: browser ?? "",
    args: ["--no-sandbox", "--disable-background-networking", ...args],
    userDataDir: `${folder}/profile`,
    ...(env !== undefined && { env }),
    ...(patience !== undefined && { protocolTimeout: patience }),
  });
  try {
    await work(async (address) => {
      const page = await chromium.newPage(), problems: string[] = [], requests: string[] = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warn") problems.push(message.text());
      });
      page.on("request", (request) => {
        if (!request.url().startsWith("data:")) requests.push(request.url());
      });
      await page.setViewport({ width: 1200, height: 900 });
      await page.goto(address);
      const until = async (expression: string): Promise<void> => {
        await beforeDeadline(page.waitForFunction(expression, { polling: 50 }));
      };
      await until(`document.querySelector("h1") !== null`);
      return { page, problems, requests, until };
    });
  } finally {
    await chromium.close();
  }
}

/**
 * Returns what axe-core finds wrong with the accessibility of a page, contrast included: rule, help and the
 * elements. Source: WCAG 2.1 A and AA.
 */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(
    `axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })`,
  ) as { violations: { id: string; help: string; nodes: { target: string[] }[] }[] };
  return violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.slice(0, 3).map(({ target }) => target.join(" ")).join(", ")}`
  );
}

/**
 * Returns the elements of a page that move although the person has asked for less motion: those whose style
 * has an animation, a transition or smooth scrolling that takes time, and the scripts' animations.
 */
export async function motions(page: Page): Promise<string[]> {
  await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
  return await page.evaluate(`(() => {
    const seconds = (text) => Math.max(...text.split(",").map((each) => parseFloat(each)));
    const moves = (style) => style.scrollBehavior === "smooth" ||
      style.animationName !== "none" && seconds(style.animationDuration) > 0 ||
      style.transitionProperty !== "none" &&
        seconds(style.transitionDuration) + seconds(style.transitionDelay) > 0;
    const found = [];
    for (const element of document.querySelectorAll("*")) {
      for (const part of [undefined, "::before", "::after"]) {
        if (moves(getComputedStyle(element, part))) found.push(element.outerHTML.slice(0, 80));
      }
    }
    return [...found, ...document.getAnimations().map((each) => "an animation of " + each.constructor.name)];
  })()`) as string[];
}
