/**
 * Questions about countries: capital, continent and languages.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import { importPackage } from "../../disk/packages.ts";
import type { Task, TaskItem } from "./task.ts";

/** What is known of a country. */
export interface Country {
  readonly name: string;
  readonly capital: string;
  readonly continent: string;
}

/** A question form, the field that answers it, and the same fact as a sentence. */
const forms = [
  { ask: (c: Country) => `What is the capital of ${c.name}?`, field: "capital" },
  { ask: (c: Country) => `Which city is the capital of ${c.name}?`, field: "capital" },
  { ask: (c: Country) => `On which continent is ${c.name}?`, field: "continent" },
] as const;

const continents: Readonly<Record<string, string>> = {
  AF: "Africa",
  AN: "Antarctica",
  AS: "Asia",
  EU: "Europe",
  NA: "North America",
  OC: "Oceania",
  SA: "South America",
};

/**
 * Returns the countries with a capital whose names have only letters of ASCII, of the package countries-list.
 */
export async function readCountries(): Promise<readonly Country[]> {
  const { countries: all } = await importPackage("countries-list");
  return Object.values(all)
    .map(({ name, capital, continent }) => ({ name, capital, continent: continents[continent] ?? continent }))
    .filter(({ name, capital }) => /^[A-Za-z .'-]{2,24}$/.test(name) && /^[A-Za-z .'-]{2,20}$/.test(capital))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/**
 * Returns the task. It asks for facts, which a model can remember but not derive, so no question is held out.
 */
export async function countries(): Promise<Task> {
  const all = await readCountries();
  return {
    name: "countries",
    seen: true,
    item: (index) => itemOf(all, `countries.${index}`),
    reward: ({ answer }, text) => ({ correct: Number(text.toLowerCase().includes(answer.toLowerCase())) }),
  };
}

function itemOf(all: readonly Country[], name: string): TaskItem {
  const draw = (counter: number, below: number) => Math.floor(uniformAt(7, name, counter) * below);
  const country = all[draw(0, all.length)], form = forms[draw(1, forms.length)], answer = country[form.field];
  return {
    id: form.ask(country),
    messages: [{ role: "user", content: form.ask(country) }],
    answer,
    solutions: [{ role: "assistant", content: `${answer}.` }],
  };
}
