/**
 * The part of report.html about inspections of the model: gradients, updates and activations during training,
 * and their histograms and the embedding at the last inspection. It runs in the page after page.html has
 * defined its helper functions.
 *
 * @module
 */
"use strict";

/** Appends the sections; the second argument holds helpers of page.html. */
globalThis.inspectSections = (inspections, { make, page, plot, joined, hue, number }) => {
  if (inspections.length === 0) return;
  const last = inspections[inspections.length - 1];
  page.append(make("h2", {}, "Gradients and activations"));
  const plots = make("div", { class: "plots" });
  page.append(plots);

  /**
   * Returns the block in a parameter's name, such as "h.3" in "h.3.mlp.c_fc.weight"; for a parameter outside
   * the blocks, it is its name without ".weight" or ".bias".
   */
  const block = (name) => /^h\.\d+/.exec(name)?.[0] ?? name.replace(/\.(weight|bias)$/, "");
  const root = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

  /** Plots one curve per name; `of` returns the [name, value] pairs of one inspection. */
  function lines(title, of) {
    const names = [...new Set(inspections.flatMap((inspection) => of(inspection).map(([name]) => name)))];
    const at = (name) =>
      inspections.map((inspection) => [inspection.step, new Map(of(inspection)).get(name) ?? null]).filter((
        [, y],
      ) => Number.isFinite(y));
    const content = () => ({
      series: names.map((label, i) => ({
        label,
        color: hue(i, names.length),
        points: inspections.length < 30,
      })),
      data: joined(...names.map(at)),
    });
    plot(plots, title, { content, height: 220, x: "steps" });
  }
  const grouped = (pairs) => {
    const groups = Map.groupBy(pairs, ([name]) => block(name));
    return [...groups].map(([name, members]) => [name, root(members.map(([, value]) => value))]);
  };
  lines(
    "Gradient norm by layer",
    ({ parameters }) => grouped(parameters.map(({ name, gradient }) => [name, gradient.norm])),
  );
  lines(
    "log10 of update/weight ratio, weight matrices (about -3 is typical)",
    ({ parameters }) =>
      parameters.filter(({ name, updateRatio }) => /^(?!.*\bln_).*weight$/.test(name) && updateRatio > 0)
        .map(({ name, updateRatio }) => [name, Math.log10(updateRatio)]),
  );
  lines(
    "Standard deviation of activations",
    ({ activations }) => activations.map(({ name, std }) => [name, std]),
  );
  lines(
    "Standard deviation of activation gradients",
    ({ activations }) =>
      activations.filter(({ gradient }) => gradient).map(({ name, gradient }) => [name, gradient.std]),
  );

  /** Plots the histograms of the last inspection: the density of each value, with one curve per name. */
  function histograms(title, all) {
    const curves = all.filter(({ histogram }) => histogram.to > histogram.from);
    const curve = ({ histogram: { from, to, counts } }) => {
      const sum = counts.reduce((a, b) => a + b, 0), width = (to - from) / counts.length;
      return counts.map((n, i) => [from + (i + 0.5) * width, n / sum / width]);
    };
    const content = () => ({
      series: curves.map(({ name }, i) => ({ label: name, color: hue(i, curves.length) })),
      data: joined(...curves.map(curve)),
    });
    plot(plots, `${title}, after ${last.step} steps`, { content, height: 220, x: "value" });
  }
  histograms("Activations", last.activations);
  histograms(
    "Activation gradients",
    last.activations.flatMap(({ name, gradient }) => gradient ? [{ ...gradient, name }] : []),
  );

  const rows = [...last.activations, ...last.parameters].map((
    { name, mean, std, saturated, dead, gradient },
  ) =>
    make(
      "tr",
      {},
      make("th", {}, name),
      ...[
        mean.toExponential(1),
        std.toExponential(1),
        `${number(100 * saturated, 1)} %`,
        `${number(100 * dead, 1)} %`,
        gradient ? gradient.norm.toExponential(1) : "",
        gradient && std > 0 ? (gradient.std / std).toExponential(1) : "",
      ].map((text) => make("td", { class: "number" }, text)),
    )
  );
  const heads = ["", "mean", "std", "saturated", "dead", "gradient norm", "gradient std / std"];
  page.append(
    make(
      "details",
      {},
      make("summary", {}, `Values and gradients after ${last.step} steps`),
      make(
        "div",
        { class: "scroll" },
        make(
          "table",
          { class: "plain" },
          make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {}, head)))),
          make("tbody", {}, ...rows),
        ),
      ),
    ),
  );
  if (last.embedding) {
    page.append(
      make("h3", {}, "Embedding, projected on its two principal axes"),
      labelledPoints(last.embedding),
    );
  }

  /** Returns an SVG with each point's label at the point; labels are text nodes. */
  function labelledPoints(points) {
    const namespace = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(namespace, "svg");
    svg.setAttribute("viewBox", "0 0 1000 520");
    const scale = (values, size) => {
      const low = Math.min(...values), high = Math.max(...values);
      return (value) => 40 + (size - 80) * (value - low) / (high - low || 1);
    };
    const x = scale(points.map((p) => p.x), 1000), y = scale(points.map((p) => -p.y), 520);
    for (const point of points) {
      const text = document.createElementNS(namespace, "text");
      const at = x(point.x);
      text.setAttribute("x", at.toFixed(1));
      // Long labels at the edges grow inwards, so that none is clipped.
      text.style.textAnchor = at < 120 ? "start" : at > 880 ? "end" : "middle";
      text.setAttribute("y", y(-point.y).toFixed(1));
      text.textContent = point.label;
      svg.append(text);
    }
    return make("div", { class: "plot embedding" }, svg);
  }
};
