/**
 * The chat page: one HTML file made of the parts of a run's page, with marked (MIT) and DOMPurify (MPL 2.0 or
 * Apache 2.0) for the text of models. It asks only the API of the server that it comes from.
 *
 * @module
 */
import { moduleTexts } from "../../../stages/disk/packages.ts";
import baseStyle from "../../../stages/report/base.css" with { type: "text" };
import { componentLibraries, importMap, sharedModules } from "../../../stages/report/page/import_map.ts";
import { pageFrom } from "../../../stages/report/page_policy.ts";
import answer from "./answer.js" with { type: "text" };
import api from "./api.js" with { type: "text" };
import style from "./chat.css" with { type: "text" };
import composer from "./composer.js" with { type: "text" };
import conversation from "./conversation.js" with { type: "text" };
import head from "./head.js" with { type: "text" };
import main from "./main.js" with { type: "text" };
import markdown from "./markdown.js" with { type: "text" };
import page from "./page.html" with { type: "text" };
import settings from "./settings.js" with { type: "text" };
import speech from "./speech.js" with { type: "text" };
import store from "./store.js" with { type: "text" };
import tokens from "./tokens.js" with { type: "text" };
import turn from "./turn.js" with { type: "text" };

/** The page's own modules. */
const own: Readonly<Record<string, string>> = {
  ...sharedModules,
  "answer.js": answer,
  "api.js": api,
  "composer.js": composer,
  "conversation.js": conversation,
  "head.js": head,
  "main.js": main,
  "markdown.js": markdown,
  "settings.js": settings,
  "speech.js": speech,
  "store.js": store,
  "tokens.js": tokens,
  "turn.js": turn,
};

/** Returns the page's HTML. Throws Error if a library of it has to be fetched and cannot be. */
export async function chatPage(): Promise<string> {
  const [marked, purify] = await moduleTexts(["marked", "dompurify"]);
  const libraries = {
    ...componentLibraries,
    "marked": [marked, "marked, MIT, Copyright (c) MarkedJS, Christopher Jeffrey"],
    "dompurify": [purify, "DOMPurify, MPL-2.0 or Apache-2.0, Cure53 and other contributors"],
  } as const;
  const parts = { "base-style": baseStyle, "chat-style": style, "modules": importMap(libraries, own) };
  return pageFrom(page, { parts, data: {}, connects: "'self'" });
}
