/**
 * The parts of the page that follow a run: the stages as a graph with their rates, heat maps of inspections,
 * checkpoints, the machine, the table of compared runs, and the connection to the event stream. It runs in
 * the page before page.html's own script, which passes its helper functions.
 *
 * @module
 */
"use strict";

/** Keeps the last events of stages with the time of their arrival, for rates over about three seconds. */
globalThis.stageRates = () => {
  const histories = new Map();
  return {
    take(event, at) {
      const history = histories.get(event.name) ?? [];
      if (history.length === 0) histories.set(event.name, history);
      if (at === null) history.length = 0; // a line of the past has no time of arrival
      history.push({ event, at: at ?? -Infinity });
      while (history.length > 2 && at - history[1].at >= 3000) history.shift();
    },
    /** Returns the stages in the order of the flow. */
    all() {
      let busiest = { name: "", busy: 0 };
      return [...histories.values()].map((history) => {
        const first = history[0], last = history[history.length - 1], { event } = last;
        const seconds = (last.at - first.at) / 1000;
        const isLive = Number.isFinite(seconds) && seconds > 0;
        const moved = (key) => isLive ? event[key] - first.event[key] : event[key];
        const all = isLive ? seconds : Math.max(1e-9, event.busy + event.blocked);
        const busy = moved("busy"), blocked = moved("blocked");
        const stage = {
          name: event.name,
          in: event.in,
          out: event.out,
          dropped: Object.values(event.dropped).reduce((sum, n) => sum + n, 0),
          perSecond: isLive ? (event.out === 0 ? moved("in") : moved("out")) / seconds : null,
          busy: Math.min(1, busy / all),
          blocked: Math.min(1, blocked / all),
          waitsFor: busiest.busy > 0 && blocked > busy && blocked > all / 2 ? busiest.name : null,
        };
        if (busy > busiest.busy) busiest = { name: event.name, busy };
        return stage;
      });
    },
  };
};

const svgElement = (name, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

/** Returns the graph of the stages, from left to right in as many rows as the width needs. */
globalThis.stageGraph = (stages, { make, short, width }) => {
  if (stages.length === 0) return "";
  const size = { width: 168, height: 84 };
  const gap = 28, margin = 2;
  const perRow = Math.max(1, Math.floor((width - 2 * margin + gap) / (size.width + gap)));
  const columns = Math.min(perRow, stages.length), rows = Math.ceil(stages.length / columns);
  const placeOf = (i) => ({
    left: margin + (i % columns) * (size.width + gap),
    top: margin + Math.floor(i / columns) * (size.height + gap),
  });
  const cut = (text) => text.length > 22 ? `${text.slice(0, 21)}…` : text;
  const percent = (share) => `${Math.round(100 * share)} %`;
  const nodes = stages.map((stage, i) => {
    const { left, top } = placeOf(i);
    const text = (line, value, kind = "") =>
      svgElement("text", { x: left + 9, y: top + 19 + 16 * line, class: kind }, value);
    const rate = stage.perSecond === null ? "" : `, ${short(stage.perSecond)}/s`;
    const bar = (share, kind, from) =>
      svgElement("rect", {
        x: left + 9 + 150 * from,
        y: top + size.height - 9,
        width: Math.max(0, 150 * Math.min(share, 1 - from)),
        height: 4,
        class: kind,
      });
    return svgElement(
      "g",
      {},
      svgElement("title", {}, stage.name),
      svgElement("rect", { x: left, y: top, ...size, rx: 8, class: "node" }),
      text(0, cut(stage.name), "name"),
      text(1, `${short(stage.out || stage.in)} items${rate}`),
      text(2, `busy ${percent(stage.busy)}, waiting ${percent(stage.blocked)}`),
      stage.waitsFor === null
        ? text(3, stage.dropped > 0 ? `${short(stage.dropped)} dropped` : "", "soft")
        : text(3, cut(`waits for ${stage.waitsFor}`), "alarm"),
      bar(stage.busy, "busy", 0),
      bar(stage.blocked, "blocked", stage.busy),
    );
  });
  const edges = stages.slice(1).map((_, i) => {
    const a = placeOf(i), b = placeOf(i + 1), middle = size.height / 2;
    const x = a.left + size.width / 2, bend = b.top - gap / 2; // of a line to the next row
    const points = a.top === b.top
      ? [[a.left + size.width, a.top + middle], [b.left, b.top + middle]]
      : [[x, a.top + size.height], [x, bend], [b.left + size.width / 2, bend], [
        b.left + size.width / 2,
        b.top,
      ]];
    return svgElement("polyline", { points: points.join(" "), class: "edge" });
  });
  const w = 2 * margin + columns * (size.width + gap) - gap,
    h = 2 * margin + rows * (size.height + gap) - gap;
  const label = stages.map((s) => `${s.name}: ${percent(s.busy)} busy`).join("; ");
  const svg = svgElement(
    "svg",
    { viewBox: `0 0 ${w} ${h}`, width: w, height: h, role: "img", "aria-label": `Stages. ${label}` },
    ...edges,
    ...nodes,
  );
  return make("div", { class: "scroll graph" }, svg);
};

/** Returns heat maps of inspections, a row for each parameter or activation, and what is unusual in them. */
globalThis.heatMaps = (inspections, { make, short }) => {
  if (inspections.length === 0) return [];
  const every = Math.ceil(inspections.length / 60); // columns that can be told apart
  const shown = inspections.filter((_, i) => i % every === 0 || i === inspections.length - 1);
  const alarms = [];
  const map = (title, of, unusual) => {
    const columns = shown.map((inspection) => new Map(of(inspection)));
    const names = [...new Set(columns.flatMap((column) => [...column.keys()]))];
    const values = columns.flatMap((column) => [...column.values()]).filter((v) =>
      Number.isFinite(v) && v > 0
    );
    if (names.length === 0 || values.length === 0) return "";
    const low = Math.log10(Math.min(...values)), high = Math.log10(Math.max(...values));
    const cell = { width: Math.max(6, Math.min(26, 520 / columns.length)), height: 14 };
    const left = 190, rects = [];
    names.forEach((name, row) => {
      columns.forEach((column, i) => {
        const value = column.get(name);
        if (value === undefined) return;
        const why = unusual(value);
        if (why !== null && i === columns.length - 1) alarms.push(`${name}: ${title.toLowerCase()} ${why}`);
        const share = value <= 0 ? 0 : high > low ? (Math.log10(value) - low) / (high - low) : 0.5;
        rects.push(svgElement(
          "rect",
          {
            x: left + i * cell.width,
            y: row * cell.height,
            width: cell.width - 1,
            height: cell.height - 1,
            class: why === null ? "cell" : "cell unusual",
            "fill-opacity": why === null ? (0.08 + 0.92 * share).toFixed(3) : 1,
          },
          svgElement("title", {}, `${name}, step ${shown[i].step}: ${short(value)}`),
        ));
      });
      rects.push(svgElement(
        "text",
        { x: left - 6, y: row * cell.height + 11, "text-anchor": "end" },
        name.length > 28 ? `…${name.slice(-27)}` : name,
      ));
    });
    const width = left + columns.length * cell.width + 2, height = names.length * cell.height + 2;
    const range = `from ${short(10 ** low)} (pale) to ${short(10 ** high)}, steps ${shown[0].step} to ${
      shown[shown.length - 1].step
    }`;
    return make(
      "div",
      { class: "plot" },
      make("h3", {}, `${title}, ${range}`),
      make(
        "div",
        { class: "scroll heat" },
        svgElement(
          "svg",
          {
            viewBox: `0 0 ${width} ${height}`,
            width,
            height,
            role: "img",
            "aria-label": `${title}, ${range}`,
          },
          ...rects,
        ),
      ),
    );
  };
  const finite = (value) => Number.isFinite(value) ? null : "is NaN or infinite";
  const maps = [
    map(
      "Gradient norm",
      ({ parameters }) => parameters.map(({ name, gradient }) => [name, gradient.norm]),
      (value) => finite(value) ?? (value > 100 ? `${short(value)} is above 100` : null),
    ),
    map(
      "Update ratio",
      ({ parameters }) =>
        parameters.filter(({ name, updateRatio }) => /weight$/.test(name) && updateRatio !== undefined)
          .map(({ name, updateRatio }) => [name, updateRatio]),
      (value) => finite(value) ?? (value > 0.1 ? `${short(value)} is above 0.1` : null),
    ),
    map(
      "Dead units",
      ({ activations }) => activations.map(({ name, dead }) => [name, dead]),
      (value) => finite(value) ?? (value > 0.5 ? `${Math.round(100 * value)} % is above 50 %` : null),
    ),
  ];
  const notes = alarms.slice(0, 8).map((text) => make("p", { class: "alarm", role: "note" }, text));
  return [make("h2", {}, "Health by layer"), ...notes, make("div", { class: "plots" }, ...maps)];
};

/** Returns the table of the newest checkpoints. */
globalThis.checkpointTable = (checkpoints, { make, whole, number }) => {
  if (checkpoints.length === 0) return [];
  const rows = checkpoints.slice(-12).reverse().map(({ step, path, seconds }) =>
    make(
      "tr",
      {},
      make("td", {}, whole(step)),
      make("td", { class: "path" }, path),
      make("td", {}, `${number(seconds, 1)} s`),
    )
  );
  const heads = ["after steps", "folder", "written in"].map((text) =>
    make("th", text === "folder" ? { class: "path" } : {}, text)
  );
  return [
    make("h2", {}, "Checkpoints"),
    make(
      "div",
      { class: "scroll" },
      make(
        "table",
        { class: "plain" },
        make("thead", {}, make("tr", {}, ...heads)),
        make("tbody", {}, ...rows),
      ),
    ),
  ];
};

/** Returns a table of what differs between runs and of what they reached, with a switch for each run. */
globalThis.compareTable = (runs, options, { make, short, duration, color, hidden, toggle, link }) => {
  const last = (list) => list[list.length - 1];
  const text = (value) =>
    value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  const names = [...new Set(options.flatMap((one) => Object.keys(one)))];
  const differing = names.map((name) => [name, options.map((one) => text(one[name]))])
    .filter(([, values]) => new Set(values).size > 1);
  const reached = [
    ["steps", (r) => short((last(r.steps)?.step ?? -1) + 1)],
    ["tokens", (r) => short(last(r.steps)?.tokens)],
    ["training loss, nats", (r) => short(last(r.steps)?.loss)],
    ["validation loss, nats", (r) => short(last(r.evals)?.valLoss)],
    ["bits per byte", (r) => short(last(r.evals)?.bitsPerByte)],
    ["training time", (r) => last(r.steps) ? duration(last(r.steps).elapsed) : ""],
  ].map(([name, of]) => [name, runs.map(of)]);
  const heads = runs.map(({ name }, i) => {
    const box = make("input", { type: "checkbox", ...(hidden.has(i) ? {} : { checked: "" }) });
    box.addEventListener("change", () => toggle(i, box.checked));
    const swatch = make("i", { class: "swatch", style: { background: color(i) } });
    return make(
      "th",
      {},
      make("label", {}, box, swatch, " ", link === null ? name : make("a", { href: link(name) }, name)),
    );
  });
  const row = ([name, values]) =>
    make("tr", {}, make("th", {}, name), ...values.map((value) => make("td", {}, value)));
  return [
    make("h2", {}, "Runs"),
    make(
      "div",
      { class: "scroll" },
      make(
        "table",
        { class: "plain" },
        make("thead", {}, make("tr", {}, make("th", {}, ""), ...heads)),
        make("tbody", {}, ...reached.map(row), ...differing.map(row)),
      ),
    ),
  ];
};

/**
 * Follows the event stream of a live page. `take(run, event)` receives each event, `state` and `now` what is
 * not in lines; `status` is told in words how the connection is.
 */
globalThis.followEvents = (live, { parse, take, state, now, status }) => {
  const query = new URLSearchParams({
    token: live.token,
    after: live.runs.map(({ lines }) => lines).join(),
    epoch: live.runs.map(({ epoch }) => epoch).join(),
  });
  for (const { name } of live.runs) query.append("run", name);
  const source = new EventSource(`events?${query}`);
  let ended = false;
  const line = (run) => ({ data }) => {
    const event = parse(data);
    if (event.type === "done") ended = true;
    if (event.type === "step") ended = false;
    take(run, event);
  };
  if (live.runs.length === 1) source.addEventListener("message", line(0));
  else live.runs.forEach((_, i) => source.addEventListener(`run${i}`, line(i)));
  source.addEventListener("state", ({ data }) => state(parse(data)));
  source.addEventListener("now", ({ data }) => now(parse(data)));
  source.addEventListener("reset", () => location.reload()); // the run was resumed from an earlier step
  source.addEventListener("open", () => status("live"));
  source.addEventListener("error", () => {
    if (ended) source.close();
    status(ended ? "the run has ended" : "connection lost: trying again");
  });
};
