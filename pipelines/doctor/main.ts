/**
 * `deno task doctor [--dawn] [--json FILE] [--tune FILE]`: checks and measures this machine's GPU. Progress
 * goes to standard error, a block of text to paste to standard output, a document to FILE. The exit code is 1
 * if something is wrong and 2 for a wrong command line.
 *
 * @module
 */
import { checkWritable } from "../../stages/disk/files.ts";
import { writeWhole } from "../../stages/disk/whole_files.ts";
import { installDawn } from "../cli/dawn.ts";
import { silenceMesa } from "../cli/mesa.ts";
import { tuningFile } from "../cli/run/tuning_file.ts";
import { examine } from "./examine.ts";
import { reportText, wrongIn } from "./report.ts";

const usage = `Usage: deno task doctor [--dawn] [--json FILE] [--tune FILE]

Checks and measures this machine's GPU in a few minutes, and prints a block of text to paste. It exits with 1
if something is wrong.

  --dawn       examine Dawn, the WebGPU of Chrome, in place of Deno's own (133 MB from npm)
  --json FILE  write the results as a document; bench/machines/NAME.json makes it a row of deno task bench --compare
  --tune FILE  keep the fastest kernels of a training step in FILE, for --tune FILE of a pipeline`;

/** The command line of the doctor. */
export interface DoctorCommand {
  readonly dawn: boolean;
  readonly help: boolean;
  /** File of the document; null for none. */
  readonly json: string | null;
  /** File of the fastest kernels; null for none. */
  readonly tune: string | null;
}

/** Reads the command line. Throws TypeError for one that is wrong. */
export function doctorCommand(args: readonly string[]): DoctorCommand {
  const command = { dawn: false, help: false, json: null as string | null, tune: null as string | null };
  for (let i = 0; i < args.length; i++) {
    const [option, inline] = args[i].split(/=(.*)/s);
    if (option === "--dawn" || option === "--help") {
      command[option === "--dawn" ? "dawn" : "help"] = true;
    } else if (option === "--json" || option === "--tune") {
      const value = inline ?? args[++i];
      if (value === undefined || value === "" || value.startsWith("-")) {
        throw new TypeError(`Expected the path of a file after ${option}, got ${value || "nothing"}`);
      }
      command[option === "--json" ? "json" : "tune"] = value;
    } else {
      throw new TypeError(`Expected --dawn, --json FILE, --tune FILE or --help, got ${args[i]}`);
    }
  }
  return command;
}

/** Runs the doctor and returns its exit code. */
async function main(args: readonly string[]): Promise<number> {
  silenceMesa();
  let command: DoctorCommand;
  try {
    command = doctorCommand(args);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  const { dawn, help, json, tune } = command;
  if (help) {
    console.log(usage);
    return 0;
  }
  try {
    if (json !== null) await checkWritable(json); // not after minutes of work
    if (tune !== null) {
      await checkWritable(tune);
      await tuningFile(tune).read("");
    }
    if (dawn) await installDawn();
    const report = await examine({ dawn, tuneFile: tune, say: (text) => console.error(text) });
    if (json !== null) await writeWhole(json, `${JSON.stringify(report, null, 1)}\n`);
    console.log(reportText(report));
    if (tune !== null && report.tuning.length > 0) {
      console.log(`The fastest kernels are kept in ${tune}: type --tune ${tune} with a pipeline`);
    }
    return wrongIn(report).length === 0 ? 0 : 1;
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
