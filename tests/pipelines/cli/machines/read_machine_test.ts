import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import {
  machineNames,
  readMachine,
  readMachineFile,
} from "../../../../pipelines/cli/machines/read_machine.ts";
import type { MachineProfile } from "../../../../kernels/engine/machine_profile.ts";
import { doctorReport } from "../../doctor/doctor_report.ts";
import { withFolder } from "../../../temporary.ts";

/** A document of JSON whose fields a test changes. */
type Document = Record<string, any>;

const specification = JSON.parse(
  await Deno.readTextFile(new URL("../../../../bench/machines/h200.json", import.meta.url)),
);

/** Reads a document as a machine file. */
async function read(document: unknown): Promise<MachineProfile> {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const path = await Deno.makeTempFile({ suffix: "m.json" });
  try {
    await Deno.writeTextFile(path, text);
    return await readMachineFile(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("readMachine() reads every machine of bench/machines, whose numbers all have sources", async () => {
  const names = await machineNames();
  for (const name of ["h200", "iris-xe", "m3-max", "rtx4090"]) ok(names.includes(name), name);
  for (const name of names) {
    const { peak, floors, invocations, efficiencies } = await readMachine(name);
    const all = [
      ...Object.values(peak),
      ...Object.values(floors),
      ...Object.values(efficiencies),
      invocations,
    ];
    for (const { source } of all) ok(/^(published|doctor|estimate): /.test(source), `${name}: ${source}`);
  }
});

Deno.test("readMachine() takes names in any case and punctuation, and paths", async () => {
  const wanted = await readMachine("rtx4090");
  for (const name of ["RTX 4090", "rtx-4090", "bench/machines/rtx4090.json"]) {
    deepStrictEqual(await readMachine(name), wanted, name);
  }
});

Deno.test("readMachine() refuses unknown names with those that there are, and how to make one", async () => {
  const made = "or the path of a report that deno task doctor --json FILE writes";
  await withFolder(async (dir) => {
    const folder = pathToFileURL(`${dir}/`);
    for (const at of [folder, new URL("none/", folder)]) {
      await rejects(readMachine("h100", { folder: at }), {
        name: "UsageError",
        message: `Unknown machine "h100": no machine has a name here, ${made}`,
      });
    }
    await Deno.writeTextFile(`${dir}/fast.json`, JSON.stringify(specification));
    await Deno.writeTextFile(`${dir}/slow.json`, JSON.stringify(doctorReport));
    await Deno.writeTextFile(`${dir}/compare.ts`, "");
    await rejects(readMachine("fats", { folder }), {
      message: `Unknown machine "fats": expected one of fast, slow, ${made}: did you mean fast?`,
    });
    for (const name of ["", "…", "../fast", "compare"]) {
      await rejects(readMachine(name, { folder }), { name: "UsageError" }, name);
    }
    strictEqual((await readMachine("slow", { folder })).name, "Test GPU");
  });
});

Deno.test("a doctor's report gives its peaks, floors and the shares that its ops reached", async () => {
  const calls = [
    { call: "matmul [8,8] [8,8]", count: 3, milliseconds: 2, gflops: 10_000, gigabytes: 80 },
    { call: "matmul [9,9] [9,9]", count: 1, milliseconds: 6, gflops: 2_000, gigabytes: 400 },
    { call: "plus [9] [9]", count: 2, milliseconds: 1, gflops: 10, gigabytes: 600 },
    // At the peak it would take 5 · 3.1 us, and the next one less: the time of that is the launch's.
    { call: "gather [9] [9]", count: 2, milliseconds: 0.031, gflops: 0, gigabytes: 400 },
    { call: "put_rows [9] [9]", count: 2, milliseconds: 0.03, gflops: 0, gigabytes: 400 },
  ];
  const machine = await read({ ...doctorReport, step: { ...doctorReport.step, calls } });
  const source = "doctor: 2026-11-30T00:00:00Z";
  deepStrictEqual(machine.peak, {
    gflops: { value: 20_000, source },
    gigabytes: { value: 800, source },
  });
  strictEqual(machine.floors.dispatchMicroseconds.value, 3.1);
  strictEqual(machine.measured, true);
  // matmul: 12 ms with 60 + 12 GFLOP of 240, and 0.48 + 2.4 GB of 9.6.
  deepStrictEqual([...machine.ofOps], [
    ["matmul", { of: "flops", value: 0.3, source }],
    ["plus", { of: "memory", value: 0.75, source }],
    ["gather", { of: "memory", value: 0.5, source }],
  ]);
  // Classes have the shares of their ops together: products, and memory in 2.062 ms.
  strictEqual(machine.efficiencies.products.value, 0.3);
  const memory = (2 * 0.75 + 0.062 * 0.5) / 2.062;
  ok(Math.abs(machine.efficiencies.memory.value - memory) < 1e-12, `${machine.efficiencies.memory.value}`);
  ok(machine.efficiencies.attention.source.startsWith("estimate"));
});

Deno.test("a machine file with a wrong field is refused: which field, what it is and what was expected", async () => {
  const cases: readonly (readonly [change: (document: Document) => void, says: RegExp])[] = [
    [
      (d) => d.peak.gflops.value = -1,
      /peak\.gflops\.value is -1: expected a number above 0, at most 1000000000000000$/,
    ],
    [(d) => d.peak.gflops.value = 0, /peak\.gflops\.value is 0: expected a number above 0/],
    [(d) => d.peak.gflops.value = null, /peak\.gflops\.value is null: expected a number above 0/],
    [(d) => d.peak.gflops.value = "NaN", /peak\.gflops\.value is "NaN": expected a number above 0/],
    [(d) => d.peak.gflops.value = 1e16, /peak\.gflops\.value is 10000000000000000: expected/],
    [(d) => d.peak.gflops = 67_000, /peak\.gflops is 67000: expected an object/],
    [(d) => delete d.peak.gigabytes, /peak\.gigabytes is missing: expected an object/],
    [(d) => d.peak.f16 = d.peak.gflops, /unknown field peak\.f16: expected gflops, gigabytes/],
    [(d) => d.speed = 1, /unknown field speed: expected kind, format, name/],
    [(d) => d.kind = "gpu", /kind is "gpu": expected "specification", or no kind in a report that/],
    [(d) => d.format = 2, /format is 2: expected 1$/],
    [(d) => d.name = " ", /name is " ": expected a text of 1 to 1,000 characters/],
    [(d) => d.name = "x".repeat(1001), /name is "x{59}…: expected a text/],
    [(d) => d.efficiency.products.value = 1.01, /efficiency\.products\.value is 1\.01: .* at most 1$/],
    [(d) => d.efficiency.matmul = d.efficiency.products, /unknown field efficiency\.matmul/],
    [(d) => d.efficiency.memory.source = "guess", /the source of memory is "guess": .* "published: "/],
    [(d) => delete d.efficiency.memory.source, /efficiency\.memory\.source is missing/],
    [(d) => d.floors.readMilliseconds.value = -0.1, /floors\.readMilliseconds\.value is -0\.1: .* from 0 to/],
    [(d) => d.invocations.value = 0.5, /invocations\.value is 0\.5: expected a number from 1/],
    [(d) => d.band = -1, /band is -1: expected a number from 0 to 10/],
    [(d) => d.features = ["fp16"], /unknown feature fp16: expected shader-f16, subgroups/],
    [(d) => d.features = "shader-f16", /features is "shader-f16": expected a list/],
    [(d) => d.features = Array(1001).fill("subgroups"), /expected a list of at most 1,000 items/],
    [
      (d) => d.limits.maxBufferSize = 1.5 * 2 ** 30 + 0.5,
      /limits\.maxBufferSize is .*: expected a whole number/,
    ],
    [
      (d) => d.limits.maxBufferSize = 2 ** 20,
      /limits\.maxBufferSize is 1048576: expected a whole number from 268/,
    ],
    [(d) => d.limits = [], /limits is \[\]: expected an object/],
  ];
  for (const [change, says] of cases) {
    const document = structuredClone(specification);
    change(document);
    await rejects(read(document), (error: Error) => {
      strictEqual(error.name, "UsageError", String(error.stack));
      ok(
        says.test(error.message) && /^Cannot use .*m\.json: /.test(error.message),
        `${says}: ${error.message}`,
      );
      return true;
    });
  }
  // At the bounds.
  for (
    const change of [
      (d: Document) => d.efficiency.products.value = 1,
      (d: Document) => d.floors.dispatchMicroseconds.value = 0,
      (d: Document) => d.invocations.value = 1,
      (d: Document) => d.band = 0,
      (d: Document) => d.band = 10,
      (d: Document) => d.limits.maxBufferSize = 2 ** 28,
      (d: Document) => delete d.memory,
      (d: Document) => d.peak.gflops.value = 1e15,
    ]
  ) {
    const document = structuredClone(specification);
    change(document);
    await read(document);
  }
});

Deno.test("a doctor's report with a wrong field is refused", async () => {
  const cases: readonly (readonly [change: (document: Document) => void, says: RegExp])[] = [
    [(d) => d.format = 2, /format is 2: expected 1$/],
    [(d) => d.peak.gflops = null, /peak\.gflops is null: expected a number above 0/], // JSON of NaN
    [(d) => d.peak.gigabytes = -3, /peak\.gigabytes is -3/],
    [(d) => d.floors.submitMicroseconds = -1, /floors\.submitMicroseconds is -1/],
    [(d) => delete d.machine.adapter, /machine\.adapter is missing/],
    [(d) => d.machine.software = "no", /machine\.software is "no": expected true or false/],
    [
      (d) => d.step.calls[0].milliseconds = 0,
      /step\.calls\[0\]\.milliseconds is 0: expected a number above 0/,
    ],
    [(d) => d.step.calls[0].count = 1.5, /step\.calls\[0\]\.count is 1\.5: expected a whole number from 1/],
    [(d) => d.step.calls[0].gflops = -1, /step\.calls\[0\]\.gflops is -1/],
    [(d) => d.step.calls[0] = 7, /step\.calls\[0\] is 7: expected an object/],
    [(d) => delete d.step, /step is missing: expected an object/],
  ];
  for (const [change, says] of cases) {
    const document = structuredClone(doctorReport);
    change(document);
    await rejects(read(document), { name: "UsageError", message: says });
  }
});

Deno.test("readMachineFile() refuses what is no JSON object, and files of more than 1 MiB unread", async () => {
  await rejects(read("{"), { name: "UsageError", message: /it is not JSON: / });
  for (const text of ["null", "[]", "3", '"rtx4090"']) {
    await rejects(read(text), { name: "UsageError", message: /m\.json: it is .*: expected an object$/ });
  }
  const large = JSON.stringify(specification);
  await read(large.padEnd(1 << 20));
  await rejects(
    read(large.padEnd((1 << 20) + 1)),
    /it has 1048577 bytes, and a machine at most 1048576: give/,
  );
  await rejects(readMachine("bench/"), {
    name: "UsageError",
    message: /bench\/: it is not a file: give --machine/,
  });
  await rejects(readMachine("none.json"), {
    name: "UsageError",
    message: /no such file or folder: give --machine a name, or a report/,
  });
});
