/**
 * The browser modules of a run's page and of the libraries that they use, as one import map: the page opens
 * from disk.
 *
 * dagre (MIT) is copied from the installed package.
 *
 * @module
 */
import dagre from "@dagrejs/dagre" with { type: "text" };
import card from "./card.js" with { type: "text" };
import details from "./details.js" with { type: "text" };
import documents from "./documents.js" with { type: "text" };
import flowGraph from "./flow_graph.js" with { type: "text" };
import follow from "./follow.js" with { type: "text" };
import head from "./head.js" with { type: "text" };
import heatMap from "./heat_map.js" with { type: "text" };
import { componentLibraries, importMap, sharedModules } from "./import_map.ts";
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

/** The page's own modules. */
const own: Readonly<Record<string, string>> = {
  ...sharedModules,
  "card.js": card,
  "details.js": details,
  "documents.js": documents,
  "flow_graph.js": flowGraph,
  "follow.js": follow,
  "head.js": head,
  "heat_map.js": heatMap,
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

/** Returns the text of an import map in which `page/main.js` starts the page. */
export function pageModules(): string {
  return importMap(
    { ...componentLibraries, "@dagrejs/dagre": [dagre, "dagre, MIT, Copyright (c) 2012-2014 Chris Pettitt"] },
    own,
  );
}
