/**
 * Import maps that contain the modules of a page as `data:` URLs, so that the page is one file and nothing is
 * built, and the libraries and modules that several pages share.
 *
 * preact (MIT), htm (Apache 2.0) and signals (MIT) are copied from the installed packages.
 *
 * @module
 */
import preact from "preact" with { type: "text" };
import preactHooks from "preact/hooks" with { type: "text" };
import signals from "@preact/signals" with { type: "text" };
import signalsCore from "@preact/signals-core" with { type: "text" };
import htm from "htm" with { type: "text" };
import format from "./format.js" with { type: "text" };
import html from "./html.js" with { type: "text" };

/** Modules of libraries: the text and the license of each, by the name that imports use. */
export type LibraryModules = Readonly<Record<string, readonly [text: string, license: string]>>;

/** What every page with components is made of. */
export const componentLibraries: LibraryModules = {
  "preact": [preact, "preact, MIT, Copyright (c) 2015-present Jason Miller"],
  "preact/hooks": [preactHooks, "preact, MIT, Copyright (c) 2015-present Jason Miller"],
  "@preact/signals": [signals, "signals, MIT, Copyright (c) 2022-present Preact Team"],
  "@preact/signals-core": [signalsCore, "signals, MIT, Copyright (c) 2022-present Preact Team"],
  "htm": [htm, "htm, Apache-2.0, Copyright 2018 Google Inc."],
};

/** Modules of this folder that several pages use. */
export const sharedModules: Readonly<Record<string, string>> = { "format.js": format, "html.js": html };

/**
 * Returns the text of an import map. `own` are the page's modules by their file names; since a `data:` URL is
 * in no folder, NAME is `page/NAME` in the map, whatever folder an import of it names.
 */
export function importMap(libraries: LibraryModules, own: Readonly<Record<string, string>>): string {
  const imports = Object.fromEntries([
    ...Object.entries(libraries).map(([name, [text, license]]) => [name, dataUrl(`/* ${license} */${text}`)]),
    ...Object.entries(own).map(([name, text]) => [
      `page/${name}`,
      dataUrl(
        text.replaceAll(/^((?:import|export|\}) .*from |import )"\.{1,2}\/(?:[\w.]+\/)*/gm, '$1"page/'),
      ),
    ]),
  ]);
  return JSON.stringify({ imports }).replaceAll("<", "\\u003c");
}

/** Encodes only what a URL or its parser would change, since most characters may stay. */
function dataUrl(text: string): string {
  const code = text.replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, "");
  return `data:text/javascript;charset=utf-8,${
    code.replace(/[%#\t\r\n\u007f-\uffff]+/g, (characters) => encodeURIComponent(characters))
  }`;
}
