/**
 * Measures what it gives to add gradients during the backward pass, over links of three speeds:
 * `deno run -A bench/distributed/overlap.ts [pairs] [steps] [megabits…]`, as root, on two idle cores.
 *
 * Two processes of one thread train the same model with `--overlap auto` and `off`, in pairs of alternating
 * order; a pair gives one ratio of the mean times of a step, and a link the median of its pairs. The losses
 * must be equal.
 *
 * @module
 */
import { TwoNodes } from "../../tests/two_nodes.ts";
import { median } from "../peers/median.ts";
import { trained, writeTokens } from "./runs.ts";

/** 830,000 parameters; each process computes one micro-batch of 512 tokens. */
const model =
  "--layers 4 --heads 4 --channels 128 --seq-len 128 --batch-size 4 --grad-accum 1 --dropout 0 --workers 1";

const [pairs = 7, steps = 23, ...speeds] = Deno.args.map(Number);
const folder = await Deno.makeTempDir();
try {
  const args = [...await writeTokens(folder), ...model.split(" ")];
  let number = 0;
  const alone = [];
  for (let i = 0; i < pairs; i++) {
    alone.push((await trained(args, { out: `${folder}/${number++}`, steps })).step);
  }
  console.log(`one process, one micro-batch: ${milliseconds(median(alone))} ms a step`);
  for (const megabits of speeds.length > 0 ? speeds : [1000, 100, 10]) {
    await using nodes = await TwoNodes.open({ megabits });
    const start = nodes.mpirun("openmpi"), on: number[] = [], off: number[] = [];
    const losses = new Set<number>();
    const before = await nodes.bytesSent();
    for (let i = 0; i < 2 * pairs; i++) {
      const overlap = [1, 2].includes(i % 4) ? "off" : "auto"; // on, off, off, on
      const out = `${folder}/${number++}`;
      const { step, loss } = await trained([...args, "--overlap", overlap], { start, out, steps });
      (overlap === "off" ? off : on).push(step);
      losses.add(loss);
    }
    if (losses.size > 1) throw new Error(`The losses differ: ${[...losses].join(", ")}`);
    const bytes = (await nodes.bytesSent() - before) / (2 * pairs * steps);
    console.log(
      `${megabits} Mbit/s: ${milliseconds(median(on))} ms a step beside the backward pass, ` +
        `${milliseconds(median(off))} after it; median of ${pairs} ratios ` +
        `${median(on.map((time, i) => time / off[i])).toFixed(3)}; ${
          (bytes / 1e6).toFixed(2)
        } MB sent a step`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

function milliseconds(seconds: number): string {
  return (1000 * seconds).toFixed(0);
}
