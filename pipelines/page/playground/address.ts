/**
 * The playground's state in the address of the page, so that a link shows the same run: settings that differ
 * from the defaults, a short own text, and how to compute.
 *
 * @module
 */
import { defaults, numberRanges, type Settings, textNames, tokenKinds } from "./settings.ts";

/** How the numbers are computed. */
export interface EngineWish {
  /** `auto`: WebGPU where there is an adapter, else threads where the page may share memory, else one. */
  readonly engine: "auto" | "webgpu" | "threads" | "single";
  /** Number of threads of the WASM engine; 0 for one per core. */
  readonly threads: number;
  /** WASM kernels: with relaxed SIMD where there is such, or without. */
  readonly simd: "auto" | "plain";
}

/** What an address says. */
export interface PageState {
  readonly settings: Settings;
  /** The person's own text; empty if it is too long for an address. */
  readonly ownText: string;
  readonly wish: EngineWish;
}

/** How to compute unless the address says otherwise. */
export const defaultWish: EngineWish = { engine: "auto", threads: 0, simd: "auto" };

const engines = ["auto", "webgpu", "threads", "single"] as const;
/** Longest own text in an address, in UTF-16 units: with escapes 2,000 characters, which browsers keep. */
export const longestText = 500;

/** Returns the state of an address; values that are not possible have their defaults. */
export function stateOf(search: string): PageState {
  const query = new URLSearchParams(search);
  const choice = <T extends string>(name: string, all: readonly T[], otherwise: T): T =>
    all.find((each) => each === query.get(name)) ?? otherwise;
  const numbers = numberRanges().map(([name, { min, max, whole }]) => {
    const value = Number(query.get(name) || NaN); // Number("") would be 0
    const isValid = value >= min && value <= max && (!whole || Number.isInteger(value));
    return [name, isValid ? value : defaults[name]];
  });
  const threads = Number(query.get("threads"));
  return {
    settings: {
      ...defaults,
      ...Object.fromEntries(numbers),
      text: choice("text", textNames, defaults.text),
      tokens: choice("tokens", tokenKinds, defaults.tokens),
    },
    ownText: query.get("own") ?? "",
    wish: {
      engine: choice("engine", engines, defaultWish.engine),
      threads: Number.isInteger(threads) && threads >= 0 && threads <= 64 ? threads : 0,
      simd: choice("simd", ["auto", "plain"], defaultWish.simd),
    },
  };
}

/** Returns the query of a state: "" for the defaults, otherwise such as "?layers=4&seed=2". */
export function searchOf({ settings, ownText, wish }: PageState): string {
  const query = new URLSearchParams();
  const add = (values: object, usual: object) => {
    for (const [name, value] of Object.entries(values)) {
      if (value !== Reflect.get(usual, name)) query.set(name, String(value));
    }
  };
  add(settings, defaults);
  if (settings.text === "own" && ownText !== "" && ownText.length <= longestText) query.set("own", ownText);
  add(wish, defaultWish);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
