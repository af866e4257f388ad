/**
 * The browser modules of a run's page and of the libraries that they use, as one import map. A page contains
 * all of its modules as `data:` URLs, so that it opens from disk and nothing is built.
 *
 * preact (MIT), htm (Apache 2.0), signals (MIT) and dagre (MIT) are copied from the installed packages.
 *
 * @module
 */
import preact from "preact" with { type: "text" };
import preactHooks from "preact/hooks" with { type: "text" };
import signals from "@preact/signals" with { type: "text" };
import signalsCore from "@preact/signals-core" with { type: "text" };
import htm from "htm" with { type: "text" };
import dagre from "@dagrejs/dagre" with { type: "text" };
import details from "./details.js" with { type: "text" };
import documents from "./documents.js" with { type: "text" };
import flowGraph from "./flow_graph.js" with { type: "text" };
import follow from "./follow.js" with { type: "text" };
import format from "./format.js" with { type: "text" };
import head from "./head.js" with { type: "text" };
import heatMap from "./heat_map.js" with { type: "text" };
import html from "./html.js" with { type: "text" };
import layers from "./layers.js" with { type: "text" };
import layout from "./layout.js" with { type: "text" };
import main from "./main.js" with { type: "text" };
import plot from "./plot.js" with { type: "text" };
import rates from "./rates.js" with { type: "text" };
import rewards from "./rewards.js" with { type: "text" };
import runsTable from "./runs_table.js" with { type: "text" };
import series from "./series.js" with { type: "text" };
import store from "./store.js" with { type: "text" };
import training from "./training.js" with { type: "text" };

const libraries: Readonly<Record<string, readonly [text: string, license: string]>> = {
  "preact": [preact, "preact, MIT, Copyright (c) 2015-present Jason Miller"],
  "preact/hooks": [preactHooks, "preact, MIT, Copyright (c) 2015-present Jason Miller"],
  "@preact/signals": [signals, "signals, MIT, Copyright (c) 2022-present Preact Team"],
  "@preact/signals-core": [signalsCore, "signals, MIT, Copyright (c) 2022-present Preact Team"],
  "htm": [htm, "htm, Apache-2.0, Copyright 2018 Google Inc."],
  "@dagrejs/dagre": [dagre, "dagre, MIT, Copyright (c) 2012-2014 Chris Pettitt"],
};

/** The page's own modules. */
const own: Readonly<Record<string, string>> = {
  "details.js": details,
  "documents.js": documents,
  "flow_graph.js": flowGraph,
  "follow.js": follow,
  "format.js": format,
  "head.js": head,
  "heat_map.js": heatMap,
  "html.js": html,
  "layers.js": layers,
  "layout.js": layout,
  "main.js": main,
  "plot.js": plot,
  "rates.js": rates,
  "rewards.js": rewards,
  "runs_table.js": runsTable,
  "series.js": series,
  "store.js": store,
  "training.js": training,
};

/**
 * Returns the text of an import map in which `page/main.js` starts the page. Own modules import each other as
 * `./NAME`; since a `data:` URL is in no folder, they are named `page/NAME` here.
 */
export function pageModules(): string {
  const imports = Object.fromEntries([
    ...Object.entries(libraries).map(([name, [text, license]]) => [name, dataUrl(`/* ${license} */${text}`)]),
    ...Object.entries(own).map(([name, text]) => [
      `page/${name}`,
      dataUrl(text.replaceAll(/^((?:import|export|\}) .*from |import )"\.\//gm, '$1"page/')),
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
