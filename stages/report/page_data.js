/**
 * The part of report.html about documents: counts of each stage, dropped documents by stage and reason,
 * distributions before and after the filters, and samples of dropped documents. It runs in the page after
 * page.html has defined its helper functions.
 *
 * @module
 */
"use strict";

/** Returns the sections as elements; `make`, `whole` and `number` are helpers of page.html. */
globalThis.dataSections = (run, { make, whole, number }) => {
  const sum = (counts) => Object.values(counts).reduce((all, n) => all + n, 0);
  const percent = (part, of) => `${number(100 * part / Math.max(1, of), 1)} %`;
  const section = (title, ...children) => [make("h2", {}, title), ...children];
  const part = (share, color) =>
    make("i", { style: { width: `${100 * Math.min(1, share)}%`, background: color && `var(${color})` } });
  const table = (kind, heads, rows) =>
    make(
      "div",
      { class: "scroll" },
      make(
        "table",
        { class: kind },
        make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {}, head)))),
        make("tbody", {}, ...rows),
      ),
    );
  const cells = (...values) => values.map((value) => make("td", {}, value));

  function stages() {
    if (run.stages.length === 0) return [];
    const rows = run.stages.map((s) => {
      const lost = sum(s.dropped);
      const bar = make("div", { class: "bar", title: `${whole(s.kept)} kept, ${whole(lost)} dropped` });
      bar.append(
        part((s.seen - lost) / Math.max(1, s.seen), "--kept"),
        part(lost / Math.max(1, s.seen), "--lost"),
      );
      const reasons = Object.entries(s.dropped).map(([reason, n]) => `${reason} ${whole(n)}`).join(", ");
      return make(
        "tr",
        {},
        make("td", {}, s.name, make("div", { class: "reasons" }, reasons)),
        ...cells(
          s.seen > 0 ? whole(s.seen) : "",
          whole(s.kept),
          lost > 0 ? `${whole(lost)} (${number(100 * s.droppedShare, 1)} %)` : "",
          number(s.seconds.busy, 1),
          lost > 0 ? bar : "",
        ),
      );
    });
    const rules = run.filters;
    return section(
      "Stages",
      rules
        ? make(
          "p",
          { class: "soft" },
          `FineWeb's rules, recipe ${rules.recipe}; words split by ${rules.words}, sentences by ${rules.sentences}`,
        )
        : "",
      table("stages", ["stage", "in", "out", "dropped", "busy, s", "kept and dropped"], rows),
    );
  }

  // The full width of a bar stands for all documents: those kept, those dropped by this stage, and those
  // dropped by earlier stages.
  function losses() {
    const dropping = run.stages.filter((s) => sum(s.dropped) > 0);
    const all = dropping.length > 0 ? dropping[0].seen : 0;
    if (all === 0) return [];
    const rows = dropping.flatMap((s) => {
      const lost = sum(s.dropped);
      const bar = make(
        "div",
        { class: "bar" },
        part((s.seen - lost) / all, "--kept"),
        part(lost / all, "--lost"),
      );
      const stage = make(
        "tr",
        {},
        make("th", {}, s.name),
        make("td", { class: "number" }, whole(lost)),
        make("td", { class: "number" }, percent(lost, all)),
        make("td", {}, bar),
      );
      const reasons = Object.entries(s.dropped).map(([reason, n]) =>
        make(
          "tr",
          { class: "reasons" },
          make("th", {}, `\u2003${reason}`),
          make("td", { class: "number" }, whole(n)),
          make("td", { class: "number" }, percent(n, all)),
          make(
            "td",
            {},
            make("div", { class: "bar thin" }, part((s.seen - lost) / all), part(n / all, "--lost")),
          ),
        )
      );
      return [stage, ...reasons];
    });
    return section(
      "Documents dropped by each stage",
      table("lost", ["", "documents", "of all", "kept and dropped"], rows),
    );
  }

  function documents() {
    if (!run.documents) return [];
    const { before, after, lengths, languages, domains, domainsMissed } = run.documents;
    const most = Math.max(1, ...lengths.map((row) => row.before));
    const lengthRows = lengths.map((row) =>
      make(
        "tr",
        {},
        make("th", {}, `${whole(row.from)} to ${whole(row.to - 1)}`),
        make("td", { class: "number" }, whole(row.before)),
        make("td", { class: "number" }, whole(row.after)),
        make(
          "td",
          {},
          make(
            "div",
            { class: "bar", style: { background: "none" } },
            part(row.after / most, "--kept"),
            part(Math.max(0, row.before - row.after) / most, "--lost"),
          ),
        ),
      )
    );
    const rows = (list, ...columns) =>
      list.map((row) => make("tr", {}, ...cells(...columns.map((of) => of(row)))));
    const languageTable = table(
      "plain",
      ["language", "kept", "unwanted", "unsure"],
      rows(
        languages,
        (r) => r.language,
        (r) => whole(r.kept),
        (r) => whole(r.unwanted),
        (r) => whole(r.unsure),
      ),
    );
    const domainTable = table(
      "plain",
      ["domain", "before", "after"],
      rows(
        domains.slice(0, 40),
        (r) => r.domain,
        (r) => whole(r.before),
        (r) => r.after === null ? "?" : whole(r.after),
      ),
    );
    const more = [
      before.withoutUrl > 0 ? `${whole(before.withoutUrl)} documents have no URL` : "",
      domainsMissed > 0 ? `the counts of domains may be up to ${whole(domainsMissed)} too small` : "",
    ].filter((text) => text !== "");
    return section(
      "Documents before and after the filters",
      make(
        "p",
        {},
        `${whole(after.documents)} of ${whole(before.documents)} documents were kept, ${
          whole(after.characters)
        } of ` +
          `${whole(before.characters)} characters (${percent(after.characters, before.characters)})` +
          (after.tokens > 0 ? `, ${whole(after.tokens)} tokens` : ""),
      ),
      table("lost", ["characters", "before", "after", ""], lengthRows),
      make("p", { class: "soft" }, more.join("; ")),
      make(
        "div",
        { class: "tables" },
        make("div", {}, ...(languages.length > 0 ? [make("h3", {}, "Languages"), languageTable] : [])),
        make("div", {}, ...(domains.length > 0 ? [make("h3", {}, "Domains"), domainTable] : [])),
      ),
    );
  }

  function removed() {
    if (run.removed.length === 0) return [];
    const by = (list, key) => Object.entries(Object.groupBy(list, (sample) => sample[key]));
    const one = (sample) => [
      make(
        "div",
        { class: "soft" },
        [sample.id, sample.url, `${whole(sample.length)} characters`].filter(Boolean).join(" · "),
      ),
      make("pre", {}, sample.text + (sample.length > sample.text.length ? " …" : "")),
    ];
    const stages = by(run.removed, "stage").map(([stage, samples]) => {
      const counts = run.stages.find((s) => s.name === stage)?.dropped ?? {};
      const reasons = by(samples, "reason").sort(([a], [b]) => (counts[b] ?? 0) - (counts[a] ?? 0));
      return make(
        "details",
        {},
        make("summary", {}, `${stage}: ${whole(sum(counts))} dropped`),
        ...reasons.map(([reason, list]) =>
          make(
            "details",
            { class: "removed" },
            make("summary", {}, `${reason}: ${whole(counts[reason] ?? list.length)}`),
            ...list.flatMap(one),
          )
        ),
      );
    });
    return section("Samples of dropped documents", ...stages);
  }

  return [...stages(), ...losses(), ...documents(), ...removed()];
};
