import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { reportPage } from "../../../stages/report/report.ts";
import { browse as open, browser } from "../../browser.ts";
import { inspectEvent, runEvents } from "./events.ts";

const hostile =
  "</script><script>globalThis.hit = 1</script><img src=x onerror='globalThis.hit = 1'><!-- $& $1 ${x}";
const options = { source: ["embedded"], prompt: hostile };

Deno.test("reportPage() needs no network and contains every event", () => {
  const page = reportPage({ events: runEvents(100), options: {} });
  const addresses = page.match(/(?:src|href|url\(|@import)\s*=?\s*["']?(?:https?:)?\/\//g) ?? [];
  deepStrictEqual(addresses, []);
  const data = /<script id="run"[^>]*>(.*?)<\/script>/s.exec(page)?.[1] ?? "";
  const { events, stages } = JSON.parse(data);
  strictEqual(events.filter(({ type }: { type: string }) => type === "step").length, 100);
  strictEqual(stages[1].name, "language");
});

Deno.test("reportPage() never turns texts into markup", () => {
  const plain = reportPage({ events: runEvents(40, "text"), options: {} });
  const attacked = reportPage({ events: runEvents(40, hostile), options, title: hostile });
  for (const tag of [/<script/g, /<\/script/g, /<img/g, /<!--/g]) {
    strictEqual(attacked.match(tag)?.length, plain.match(tag)?.length, `${tag}`);
  }
});

const hostileRun = {
  events: [
    ...runEvents(0),
    {
      type: "survey",
      name: "before filters",
      documents: 3,
      characters: 3,
      tokens: 0,
      lengths: [3],
      languages: { [hostile]: 1 },
      domains: { [hostile]: 3 },
      domainsMissed: 1,
      withoutUrl: 1,
    } as const,
    {
      type: "survey",
      name: "after filters",
      documents: 1,
      characters: 1,
      tokens: 1,
      lengths: [1],
      languages: { [hostile]: 1 },
      domains: {},
      domainsMissed: 1,
      withoutUrl: 0,
    } as const,
  ],
  removed: [{ stage: "language", reason: hostile, id: hostile, url: hostile, text: hostile, length: 1e6 }],
  options: {},
};

Deno.test("reportPage() shows dropped documents, languages and domains as text", () => {
  const plain = reportPage({ events: runEvents(0), options: {} });
  const attacked = reportPage(hostileRun);
  for (const tag of [/<script/g, /<\/script/g, /<img/g, /<!--/g]) {
    strictEqual(attacked.match(tag)?.length, plain.match(tag)?.length, `${tag}`);
  }
});

Deno.test("reportPage() thins out a long run and keeps its last step", () => {
  const page = reportPage({ events: runEvents(30_001), options: {} });
  const { events } = JSON.parse(/<script id="run"[^>]*>(.*?)<\/script>/s.exec(page)?.[1] ?? "");
  const steps = events.filter(({ type }: { type: string }) => type === "step");
  ok(steps.length <= 4001, `${steps.length}`);
  strictEqual(steps[steps.length - 1].step, 30_000);
});

const drawn = "report.html draws its plots in a browser without errors and shows hostile text as text";
if (browser === null && Deno.env.get("CI") === "true") {
  Deno.test(drawn, () => {
    throw new Error(
      "No chromium, chromium-browser or google-chrome found: with CI=true one must be installed",
    );
  });
} else {
  Deno.test({
    name: browser === null ? `${drawn} (ignored: no chromium, chromium-browser or google-chrome)` : drawn,
    ignore: browser === null,
    async fn() {
      const found = await browse(
        reportPage({ events: runEvents(100, hostile), options, title: hostile }),
      );
      deepStrictEqual(found.errors, []);
      strictEqual(found.hit, false);
      strictEqual(found.plots.length, 4);
      // A chart with only axes would have fewer coloured pixels.
      for (const pixels of found.plots) ok(pixels > 500, `${found.plots}`);
      strictEqual(found.heading, hostile);
      ok(found.sample.includes(hostile));
    },
  });
  Deno.test({
    name: `report.html shows dropped documents, with hostile text as text${
      browser === null ? " (ignored: no chromium)" : ""
    }`,
    ignore: browser === null,
    async fn() {
      const found = await browse(reportPage(hostileRun));
      deepStrictEqual([found.errors, found.hit], [[], false]);
      deepStrictEqual(found.sections, [
        "The flow",
        "Stages",
        "Documents dropped by each stage",
        "Documents before and after the filters",
        "Samples of dropped documents",
        "How it was run",
      ]);
      strictEqual(found.sample, `${hostile} …`);
    },
  });
  Deno.test({
    name: `report.html draws inspections of the model, and the curves of other runs${
      browser === null ? " (ignored: no chromium)" : ""
    }`,
    ignore: browser === null,
    async fn() {
      const events = [...runEvents(40), inspectEvent(20, hostile), inspectEvent(40, hostile)];
      const inspected = await browse(reportPage({ events, options: {} }));
      deepStrictEqual([inspected.errors, inspected.hit], [[], false]);
      deepStrictEqual(inspected.sections.slice(0, 5), [
        "Training",
        "The flow",
        "Samples",
        "Health by layer",
        "Gradients and activations",
      ]);
      strictEqual(inspected.plots.length, 10);
      const other = { name: hostile, events: runEvents(30) };
      const over = await browse(
        reportPage({ events: runEvents(40), others: [other], options: {}, title: "a" }),
      );
      deepStrictEqual([over.errors, over.hit, over.plots.length], [[], false, 5]); // each loss in its own
      // Where equal curves lie over each other, their edges mix to grey; axes alone have no colour at all.
      for (const pixels of over.plots) ok(pixels > 250, `${over.plots}`);
    },
  });
  Deno.test({
    name: `report.html says NaN in words and what its curves leave out${
      browser === null ? " (ignored: no chromium)" : ""
    }`,
    ignore: browser === null,
    async fn() {
      const events = runEvents(20).map((event) =>
        event.type === "step" && event.step >= 18 ? { ...event, loss: NaN, gradNorm: Infinity } : event
      );
      const page = reportPage({
        events: [
          ...events,
          { type: "eval", step: 20, valLoss: NaN, bitsPerByte: -Infinity },
          { type: "hellaswag", step: 20, accuracy: NaN, accuracyNorm: NaN, items: 7 },
          { type: "sample", step: 20, text: "NaN" },
        ],
        options: {},
      });
      const found = await open<{ errors: string[]; facts: string[]; notes: string[]; sample: string }>(
        page,
        `({
          errors,
          facts: [...document.querySelectorAll(".fact")].map((fact) => fact.textContent),
          notes: [...document.querySelectorAll("p")].map((p) => p.textContent),
          sample: document.querySelector("pre").textContent,
        })`,
      );
      deepStrictEqual([found.errors, found.sample], [[], "NaN"]);
      deepStrictEqual(found.notes, [
        "cpu: 2 threads",
        "Attention: The loss or the gradient norm is NaN or infinite, first at step 19",
        "NaN or infinite in 4 places, which the curves leave out; the first is step 19.",
      ]);
      for (
        const fact of [
          "NaNtraining loss, nats",
          "NaNvalidation loss, nats",
          "-Infinitybits per byte",
          "NaNHellaSwag, 7 items",
        ]
      ) ok(found.facts.includes(fact), `${fact} in ${found.facts}`);
    },
  });
  Deno.test({
    name: `report.html opens without errors for a run that has neither steps nor stages${
      browser === null ? " (ignored: no chromium)" : ""
    }`,
    ignore: browser === null,
    async fn() {
      const found = await browse(reportPage({ events: [{ type: "run", pipeline: "x" }], options: {} }));
      deepStrictEqual([found.errors, found.plots, found.heading], [[], [], "x"]);
    },
  });
}

interface PageState {
  errors: string[];
  hit: boolean;
  plots: number[];
  heading: string;
  sections: string[];
  sample: string;
}

/** Opens a report in a browser and returns what it shows. */
function browse(page: string): Promise<PageState> {
  return open(
    page,
    `(() => {
      const coloured = (canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let pixels = 0; // coloured pixels; axes and text have no colour
        for (let i = 0; i < data.length; i += 4) {
          if (data[i + 3] > 100 && Math.abs(data[i] - data[i + 2]) > 40) pixels++;
        }
        return pixels;
      };
      return {
        errors,
        hit: "hit" in globalThis,
        plots: [...document.querySelectorAll("canvas")].map(coloured),
        heading: document.querySelector("h1")?.textContent ?? "",
        sections: [...document.querySelectorAll("h2")].map((h) => h.textContent),
        sample: document.querySelector("pre")?.textContent ?? "",
      };
    })()`,
  );
}
