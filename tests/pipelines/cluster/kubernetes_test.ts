import { deepStrictEqual, throws } from "node:assert/strict";
import { Job } from "kubernetes-models/batch/v1";
import { jobOf } from "./manifest.ts";

Deno.test("the Kubernetes manifest is a valid indexed job for every step", async () => {
  for (
    const [step, count] of [["plan", 1], ["filter", 100], ["buckets", 100], ["clusters", 1], [
      "dedup",
      100,
    ]] as const
  ) {
    const job = await jobOf(step, count);
    new Job(job).validate();
    deepStrictEqual([job.metadata.name, job.spec.completions, job.spec.completionMode], [
      `fineweb-${step}`,
      count,
      "Indexed",
    ]);
  }
});

Deno.test("the schema refuses manifests with a wrong type, name or value", async () => {
  const job = await jobOf("filter", 100), { spec } = job;
  const wrong = [
    { ...job, spec: { ...spec, completions: "many" } },
    { ...job, spec: { ...spec, completionMode: 3 } },
    { ...job, spec: { ...spec, template: { spec: { containers: "one" } } } },
    { ...job, spec: { ...spec, template: undefined } },
    { ...job, apiVersion: "batch/v9" },
  ];
  for (const each of wrong) throws(() => new Job(each).validate());
});
