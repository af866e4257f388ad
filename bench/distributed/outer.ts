/**
 * DiLoCo's loss against its traffic: `deno run -A bench/distributed/outer.ts [steps] [every…]`, as root.
 *
 * Two processes on two nodes train the same model on tiny Shakespeare's bytes for as many steps, adding their
 * gradients at every step, and with an outer step every H of them; one process trains with half the tokens.
 * The losses are those of all held-out text. The first node's bytes are counted on the link.
 *
 * @module
 */
import { TwoNodes } from "../../tests/two_nodes.ts";
import { trained, writeTokens } from "./runs.ts";

/** 120,000 parameters; each process computes 512 tokens a step. */
const model =
  "--layers 2 --heads 2 --channels 64 --seq-len 64 --batch-size 8 --grad-accum 1 --dropout 0 --workers 1 --lr 0.002 --min-lr 0.0002 --warmup 20";

const [steps = 500, ...typed] = Deno.args.map(Number),
  intervals = typed.length > 0 ? typed : [1, 5, 20, 50, 100];
const text = await Deno.readFile(new URL("../../../shared/data/text/tinyshakespeare.txt", import.meta.url));
const folder = await Deno.makeTempDir();
try {
  const args = [...await writeTokens(folder, text), ...model.split(" ")];
  await using nodes = await TwoNodes.open({ megabits: 1000 });
  const start = nodes.mpirun("openmpi");
  let number = 0;
  const row = async (name: string, more: readonly string[] | null) => {
    const before = await nodes.bytesSent(), out = `${folder}/${number++}`;
    const several = more === null ? {} : { start };
    const { valLoss } = await trained([...args, ...more ?? []], { ...several, out, steps });
    const sent = (await nodes.bytesSent() - before) / steps;
    console.log(`| ${name} | ${valLoss?.toFixed(3)} | ${(sent / 1000).toFixed(1)} kB |`);
  };
  console.log(`| ${steps} steps | validation loss | sent a step |\n| --- | --- | --- |`);
  await row("one process", null);
  await row("gradients at every step", []);
  for (const every of intervals) await row(`--outer-every ${every}`, ["--outer-every", `${every}`]);
} finally {
  await Deno.remove(folder, { recursive: true });
}
