/**
 * The program of `deno task bench`. It runs all benches, or those of the given files, with `deno bench`, and
 * passes the other flags to it. With `--json` it runs the benches itself and writes one JSON document with
 * their medians to standard output, for a page to plot: see `BenchReport`. In this case `--filter TEXT`
 * selects the benches whose group or name contains TEXT. `--compare` runs nothing, and prints a table of the
 * machines that `deno task doctor` has examined.
 *
 * @module
 */
import { cpus } from "node:os";
import { findAdapter } from "../kernels/engine/webgpu/device.ts";
import { machineTable, readMachines } from "./machines/compare.ts";
import { collect, measure, type Measurement } from "./measure.ts";
import { pathOfUrl } from "../stages/disk/paths.ts";

/** The document that `--json` writes. */
export interface BenchReport {
  /** Version of the document's format. */
  readonly format: 1;
  /** Time at which the benches started, ISO 8601. */
  readonly date: string;
  /** The machine that the benches ran on. */
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly os: string;
    readonly arch: string;
    /** Name of the GPU; null if there is none or only a software adapter, which the benches skip. */
    readonly gpu: string | null;
  };
  /** Versions of Deno and V8. */
  readonly versions: { readonly deno: string; readonly v8: string };
  /** Results in the order in which the benches ran. A bench that failed has `error` and no times. */
  readonly benches: readonly Measurement[];
}

const root = new URL("../", import.meta.url);

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--compare")) {
    console.log(machineTable(await readMachines(new URL("bench/machines/", root))));
    return 0;
  }
  const filterAt = args.indexOf("--filter");
  const values = new Set(filterAt >= 0 ? [filterAt + 1] : []);
  const namedFiles = args.filter((arg, i) => !arg.startsWith("-") && !values.has(i));
  const flags = args.filter((arg, i) => arg.startsWith("-") || values.has(i));
  const files = namedFiles.length > 0 ? namedFiles : await benchFiles();
  if (!flags.includes("--json")) {
    const command = ["bench", "--quiet", "--lock=deno.lock", "--frozen", "--allow-all", ...flags, ...files];
    const child = new Deno.Command(Deno.execPath(), {
      args: command,
      cwd: pathOfUrl(root),
    });
    return (await child.spawn().status).code;
  }
  console.log = console.error; // standard output must contain only the document
  const filter = filterAt >= 0 ? args[filterAt + 1] ?? "" : "";
  const report = await run(files, filter);
  const text = new TextEncoder().encode(`${JSON.stringify(report, null, 1)}\n`);
  for (let at = 0; at < text.length;) at += Deno.stdout.writeSync(text.subarray(at));
  return report.benches.some((bench) => "error" in bench) ? 1 : 0;
}

/** Runs the benches of several files, one after the other. */
async function run(files: readonly string[], filter: string): Promise<BenchReport> {
  const date = new Date().toISOString(), adapter = await findAdapter();
  const benches: Measurement[] = [];
  for (const file of files) {
    for (const bench of await collect(new URL(file, root))) {
      if (!`${bench.group ?? ""} ${bench.name}`.includes(filter)) continue;
      console.error(`${file}: ${bench.group ?? ""}: ${bench.name}`);
      benches.push(await measure(file, bench));
    }
  }
  return {
    format: 1,
    date,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: navigator.hardwareConcurrency,
      os: Deno.build.os,
      arch: Deno.build.arch,
      gpu: adapter === null || adapter.software ? null : adapter.description,
    },
    versions: { deno: Deno.version.deno, v8: Deno.version.v8 },
    benches,
  };
}

async function benchFiles(): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(new URL("bench/", root)), ({ name }) => name);
  return names.filter((name) => name.endsWith("_bench.ts")).sort().map((name) => `bench/${name}`);
}
