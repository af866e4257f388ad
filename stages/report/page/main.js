/**
 * The page of a run, or of several runs.
 *
 * @module
 */
import { render } from "preact";
import { Card } from "./card.js";
import { Checkpoints, Configuration, Notes, Origin, Samples, TimeAndMemory } from "./details.js";
import { Documents } from "./documents.js";
import { Flow } from "./flow_graph.js";
import { follow } from "./follow.js";
import { Head } from "./head.js";
import { html } from "./html.js";
import { Layers } from "./layers.js";
import { Rewards } from "./rewards.js";
import { Runs } from "./runs_table.js";
import { data } from "./store.js";
import { Training } from "./training.js";

render(
  html`
    <${Head} />
    <${Runs} />
    <${Card} />
    <${Training} />
    <${Rewards} />
    <${Flow} />
    <${Samples} />
    <${Layers} />
    <${Documents} />
    <${TimeAndMemory} />
    <${Checkpoints} />
    <${Notes} />
    <${Origin} />
    <${Configuration} />
  `,
  document.getElementById("page"),
);
if (data.live !== null) follow(data.live);
