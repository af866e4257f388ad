/**
 * Post-training: rewards of tasks and answers, preferences, and transcripts.
 *
 * @module
 */
import { last, number, percent, whole } from "./format.js";
import { html, Section, Timeline } from "./html.js";
import { hue, Plot, Plots } from "./plot.js";
import { smooth } from "./series.js";
import { many, runs, view } from "./store.js";
import { colorOf, pairsOf } from "./training.js";

/** The sections of post-training; empty for runs without it. */
export function Rewards() {
  return html`
    <${Tasks} />
    <${Answers} />
    <${Preferences} />
  `;
}

/** Curves of fields of one kind of event of a single run: `fields` are `[label, field]` pairs. */
function Fields({ title, events, fields }) {
  const [run] = runs;
  const series = fields.map(([label, field], i) => ({
    label,
    color: fields.length === 1 ? "--train" : hue(i, fields.length),
    pairs: smooth(pairsOf(run, events, field), view.smoothing.value),
  })).filter(({ pairs }) => pairs.some(([, y]) => y !== null));
  return html`<${Plot} title=${title} series=${series} height=${220} />`;
}

/** Rewards of held-out questions: a plot for each task, in which runs compare. */
function Tasks() {
  const names = [...new Set(runs.flatMap(({ tasks }) => tasks.map(({ task }) => task)))];
  if (names.length === 0) return null;
  const seriesOf = (name) =>
    runs.map((run, i) => ({
      run: i,
      label: many ? run.name : "reward",
      color: many ? colorOf(i) : "--val",
      width: 2,
      points: true,
      pairs: pairsOf(run, run.tasks.filter(({ task }) => task === name), "reward"),
    })).filter(({ pairs }) => pairs.length > 0);
  return html`
    <${Section} title="Rewards of held-out questions">
      <${Plots}>
        ${names.map((name) =>
          html`<${Plot} key=${name} title="Task ${name}" series=${seriesOf(name)} height=${220} />`
        )}
      <//>
    <//>
  `;
}

function Answers() {
  const [{ rollouts, timings }] = runs;
  if (many || rollouts.length === 0) return null;
  const parts = Object.keys(last(rollouts).parts ?? {});
  return html`
    <${Section} title="Rewards of answers">
      <${Plots}>
        <${Fields} title="Mean reward of the answers" events=${rollouts} fields=${[["reward", "reward"]]} />
        ${parts.length > 0 && html`
          <${Fields} title="Parts of the reward" events=${rollouts}
            fields=${parts.map((name) => [name, ({ parts }) => parts?.[name]])} />
        `}
        <${Fields} title="Tokens of an answer" events=${rollouts}
          fields=${[["mean", "length"], ["shortest", "minLength"], ["longest", "maxLength"]]} />
        <${Fields} title="Shares of answers" events=${rollouts}
          fields=${[["questions without variance", "zeroVariance"], ["cut off", "cutOff"], [
            "failed tool calls",
            "toolFailures",
          ]]} />
        <${Fields} title="Entropy of the policy, nats" events=${rollouts} fields=${[[
          "entropy",
          "entropy",
        ]]} />
        <${Fields} title="Divergence from the reference, nats per token" events=${rollouts} fields=${[[
          "KL",
          "kl",
        ]]} />
        <${Fields} title="Tool calls per answer" events=${rollouts} fields=${[["calls", "toolCalls"]]} />
        <${Fields} title="Seconds before an update" events=${timings}
          fields=${[["answering", "rollout"], ["reading by the reference", "score"]]} />
      <//>
      <h3>Transcripts: the best and the worst answer of an update</h3>
      <${Timeline} events=${rollouts.filter(({ best }) => best !== undefined)} name="transcript"
        label=${({ step, reward, cutOff }) =>
          `update ${whole(step + 1)}: mean reward ${number(reward, 3)}, ${percent(cutOff)} cut off`}>
        ${({ best, worst }) =>
          html`
            <div class="tables">
              <div>
                <h4>Best</h4>
                <pre tabindex="0">${best}</pre>
              </div>
              <div>
                <h4>Worst</h4>
                <pre tabindex="0">${worst}</pre>
              </div>
            </div>
          `}
      <//>
    <//>
  `;
}

function Preferences() {
  const [{ preferences }] = runs;
  if (many || preferences.length === 0) return null;
  return html`
    <${Section} title="Preferences">
      <${Plots}>
        <${Fields} title="Share of pairs whose chosen answer is preferred" events=${preferences}
          fields=${[["accuracy", "accuracy"]]} />
        <${Fields} title="Margin of the reward, chosen minus rejected" events=${preferences}
          fields=${[["margin", "margin"]]} />
        <${Fields} title="Loss of the pairs" events=${preferences} fields=${[["loss", "loss"]]} />
        <//>
        <//>
  `;
}
