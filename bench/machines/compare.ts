/**
 * Compares the machines whose reports `deno task doctor --json bench/machines/NAME.json` has written.
 *
 * @module
 */
import type { DoctorReport } from "../../pipelines/doctor/report.ts";

/** A report with the name of its file. */
export interface MachineReport {
  readonly name: string;
  readonly report: DoctorReport;
}

/**
 * Reads all reports of a folder, the fastest machine first; specifications are left out. Throws TypeError for
 * another format.
 */
export async function readMachines(folder: URL): Promise<readonly MachineReport[]> {
  const machines: MachineReport[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith(".json")) continue;
      const report: DoctorReport & { readonly kind?: string } = JSON.parse(
        await Deno.readTextFile(new URL(name, folder)),
      );
      if (report.kind === "specification") continue;
      if (report.format !== 1) {
        throw new TypeError(`Cannot read ${name}: its format is ${report.format}, not 1`);
      }
      machines.push({ name: name.replace(/\.json$/, ""), report });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return machines.sort((a, b) => b.report.peak.gflops - a.report.peak.gflops);
}

/** Returns a table with a row for each machine, or how to add the first one. */
export function machineTable(machines: readonly MachineReport[]): string {
  if (machines.length === 0) {
    return "No machine has a report yet: deno task doctor --json bench/machines/NAME.json writes one";
  }
  const rows = [
    ["machine", "adapter", "GFLOPS", "GB/s", "read ms", "dispatch us", "submit s", "tokens/s", "model"],
    ...machines.map(({ name, report: { machine, peak, floors, submit, step } }) => [
      name,
      `${machine.adapter}, ${machine.webgpu}${machine.software ? ", in software" : ""}`,
      peak.gflops.toPrecision(3),
      peak.gigabytes.toPrecision(3),
      floors.readMilliseconds.toPrecision(3),
      floors.dispatchMicroseconds.toPrecision(3),
      `${submit.seconds}`,
      step.tokensPerSecond.toFixed(0),
      step.model,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()).join("\n");
}
