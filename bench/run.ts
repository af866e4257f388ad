/**
 * What `deno task bench` runs: all benches, or the files that are given, by `deno bench`, whose other flags may follow.
 * With `--json` it runs them itself and writes one document to standard output, with medians, for a page to plot: see
 * `BenchReport`. `--filter TEXT` then takes the benches with TEXT in their group or name.
 *
 * @module
 */
import { cpus } from "node:os";
import { findAdapter } from "../kernels/engine/webgpu/device.ts";
import { collect, measure, type Measured } from "./measure.ts";

/** The document. */
export interface BenchReport {
  /** Of this document's form. */
  readonly format: 1;
  /** When it was begun, ISO 8601. */
  readonly date: string;
  /** What it ran on. */
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly os: string;
    readonly arch: string;
    /** The GPU's adapter; null where there is none, or one in software, which benches leave out. */
    readonly gpu: string | null;
  };
  /** Deno's version and V8's. */
  readonly versions: { readonly deno: string; readonly v8: string };
  /** In the order in which they ran. A bench that failed has `error` and no times. */
  readonly benches: readonly Measured[];
}

const root = new URL("../", import.meta.url);

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const filterAt = args.indexOf("--filter");
  const values = new Set(filterAt >= 0 ? [filterAt + 1] : []);
  const named = args.filter((arg, i) => !arg.startsWith("-") && !values.has(i));
  const flags = args.filter((arg, i) => arg.startsWith("-") || values.has(i));
  const files = named.length > 0 ? named : await benchFiles();
  if (!flags.includes("--json")) {
    const command = ["bench", "--quiet", "--frozen", "--allow-all", ...flags, ...files];
    const child = new Deno.Command(Deno.execPath(), {
      args: command,
      cwd: decodeURIComponent(root.pathname),
    });
    return (await child.spawn().status).code;
  }
  console.log = console.error; // the document stands alone on standard output
  const filter = filterAt >= 0 ? args[filterAt + 1] ?? "" : "";
  const report = await run(files, filter);
  const text = new TextEncoder().encode(`${JSON.stringify(report, null, 1)}\n`);
  for (let at = 0; at < text.length;) at += Deno.stdout.writeSync(text.subarray(at));
  return report.benches.some((bench) => "error" in bench) ? 1 : 0;
}

/** Runs the benches of files one after the other. */
async function run(files: readonly string[], filter: string): Promise<BenchReport> {
  const date = new Date().toISOString(), adapter = await findAdapter();
  const benches: Measured[] = [];
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
