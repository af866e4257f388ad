/**
 * Documents: counts of each stage, dropped documents by stage and reason, distributions before and after the
 * filters, and samples of dropped documents.
 *
 * @module
 */
import { number, sum, whole } from "./format.js";
import { html, Part, Row, Section, Table } from "./html.js";
import { many, rates, state } from "./store.js";

/** The sections; each is empty where a run has nothing to show. */
export function Documents() {
  const { stages: written, filters, documents, removed } = state.value;
  const stages = written.map(withLatest);
  return html`
    <${Stages} stages=${stages} rules=${filters} />
    <${Losses} stages=${stages} />
    <${Distributions} documents=${documents} />
    <${Removed} removed=${removed} stages=${stages} />
  `;
}

/** Statistics of a stage with the counts of its last event, which may have no line yet. */
function withLatest(stage) {
  const latest = many ? undefined : rates().latest(stage.name);
  if (latest === undefined || latest.in < stage.seen || latest.out < stage.kept) return stage;
  const dropped = Object.fromEntries(Object.entries(latest.dropped).sort(([, a], [, b]) => b - a));
  const droppedShare = sum(dropped) / Math.max(1, latest.in);
  return { ...stage, seen: latest.in, kept: latest.out, dropped, droppedShare };
}

const share = (part, of) => `${number(100 * part / Math.max(1, of), 1)} %`;

/** A reason, which text of either direction does not let reorder the number beside it. */
const named = (reason) => html`<bdi>${reason}</bdi>`;

function Stages({ stages, rules }) {
  if (stages.length === 0) return null;
  const rows = stages.map(({ name, seen, kept, dropped, droppedShare, seconds }) => {
    const lost = sum(dropped),
      reasons = Object.entries(dropped).map(([reason, n], i) =>
        html`${i > 0 && ", "}${named(reason)} ${whole(n)}`
      );
    const bar = html`
      <div class="bar">
        <${Part} share=${(seen - lost) / Math.max(1, seen)} color="--kept" />
        <${Part} share=${lost / Math.max(1, seen)} color="--lost" />
      </div>
    `;
    return html`<${Row} cells=${[
      html`${name}<div class="reasons">${reasons}</div>`,
      seen > 0 ? whole(seen) : "",
      whole(kept),
      lost > 0 ? `${whole(lost)} (${number(100 * droppedShare, 1)}\u00a0%)` : "",
      number(seconds.busy, 1),
      lost > 0 ? bar : "",
    ]} />`;
  });
  return html`
    <${Section} title="Stages">
      ${rules && html`
        <p class="soft">FineWeb's rules, recipe ${rules.recipe}; words split by ${rules
          .words}, sentences by ${" "}
          ${rules.sentences}</p>
      `}
      <${Table} kind="stages" label="stages" rows=${rows}
        heads=${["stage", "in", "out", "dropped", "busy, s", "kept and dropped"]} />
    <//>
  `;
}

/**
 * The full width of a bar stands for all documents: those kept, those dropped by this stage, and those
 * dropped by earlier stages.
 */
function Losses({ stages }) {
  const dropping = stages.filter(({ dropped }) => sum(dropped) > 0);
  const all = dropping.length > 0 ? dropping[0].seen : 0;
  if (all === 0) return null;
  const rows = dropping.flatMap(({ name, seen, dropped }) => {
    const lost = sum(dropped), kept = (seen - lost) / all;
    const bar = (kind, color, n) =>
      html`
        <div class="bar ${kind}">
          <${Part} share=${kept} color=${color} />
          <${Part} share=${n / all} color="--lost" />
        </div>
      `;
    return [
      html`<${Row} cells=${[name, whole(lost), share(lost, all), bar("", "--kept", lost)]} />`,
      ...Object.entries(dropped).map(([reason, n]) =>
        html`
          <${Row} kind="reasons" cells=${[`\u2003${reason}`, whole(n), share(n, all), bar("thin", "", n)]} />
        `
      ),
    ];
  });
  return html`
    <${Section} title="Documents dropped by each stage">
      <${Table} kind="lost" label="dropped documents" rows=${rows}
        heads=${["stage and reason", "documents", "of all", "kept and dropped"]} />
      <//>
  `;
}

function Distributions({ documents }) {
  if (!documents) return null;
  const { before, after, lengths, languages, domains, domainsMissed } = documents;
  const most = Math.max(1, ...lengths.map((row) => row.before));
  const lengthRows = lengths.map((row) =>
    html`<${Row} cells=${[
      `${whole(row.from)} to ${whole(row.to - 1)}`,
      whole(row.before),
      whole(row.after),
      html`
        <div class="bar bare">
          <${Part} share=${row.after / most} color="--kept" />
          <${Part} share=${(row.before - row.after) / most} color="--lost" />
        </div>
      `,
    ]} />`
  );
  const languageRows = languages.map((row) =>
    html`<${Row} cells=${[row.language, whole(row.kept), whole(row.unwanted), whole(row.unsure)]} />`
  );
  const domainRows = domains.slice(0, 40).map((row) =>
    html`<${Row} cells=${[row.domain, whole(row.before), row.after === null ? "?" : whole(row.after)]} />`
  );
  const more = [
    before.withoutUrl > 0 ? `${whole(before.withoutUrl)} documents have no URL` : "",
    domainsMissed > 0 ? `the counts of domains may be up to ${whole(domainsMissed)} too small` : "",
  ].filter(Boolean);
  return html`
    <${Section} title="Documents before and after the filters">
      <p>
        ${whole(after.documents)} of ${whole(before.documents)} documents were kept, ${whole(
          after.characters,
        )} of ${" "}
        ${whole(before.characters)} characters (${share(after.characters, before.characters)})
        ${after.tokens > 0 && `, ${whole(after.tokens)} tokens`}
      </p>
      <${Table} kind="lost" label="lengths" rows=${lengthRows}
        heads=${["characters", "before", "after", "kept and dropped"]} />
      <p class="soft">${more.join("; ")}</p>
      <div class="tables">
        ${languages.length > 0 && html`
          <div>
            <h3>Languages</h3>
            <${Table} kind="plain" label="languages" rows=${languageRows}
              heads=${["language", "kept", "unwanted", "unsure"]} />
          </div>
        `}
        ${domains.length > 0 && html`
          <div>
            <h3>Domains</h3>
            <${Table} kind="plain" label="domains" rows=${domainRows}
              heads=${["domain", "before", "after"]} />
          </div>
        `}
      </div>
      <//>
  `;
}

function Removed({ removed, stages }) {
  if (removed.length === 0) return null;
  const by = (list, key) => Object.entries(Object.groupBy(list, (sample) => sample[key]));
  const one = ({ id, url, text, length }) =>
    html`
      <div class="soft">${[id, url, `${whole(length)} characters`].filter(Boolean).join(" · ")}</div>
      <pre tabindex="0">${text + (length > text.length ? " …" : "")}</pre>
    `;
  return html`
    <${Section} title="Samples of dropped documents">
      ${by(removed, "stage").map(([stage, samples]) => {
        const counts = stages.find(({ name }) => name === stage)?.dropped ?? {};
        const reasons = by(samples, "reason").sort(([a], [b]) => (counts[b] ?? 0) - (counts[a] ?? 0));
        return html`
          <details key=${stage}>
            <summary>${stage}: ${whole(sum(counts))} dropped</summary>
            ${reasons.map(([reason, list]) =>
              html`
                <details class="removed" key=${reason}>
                  <summary>${named(reason)}: ${whole(counts[reason] ?? list.length)}</summary>${list.map(one)}
                </details>
              `
            )}
          </details>
        `;
      })}
    <//>
  `;
}
