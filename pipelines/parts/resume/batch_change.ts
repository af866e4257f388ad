/**
 * Resumes a run with another batch size. A checkpoint counts the batches after the last barrier; with another
 * batch size, the sequences of those batches are counted instead, so that the next batch starts where the
 * last one ended.
 *
 * @module
 */
import { isRecord } from "../../../stages/disk/json.ts";
import type { StageSnapshot } from "../../../stages/flow/checkpoint/checkpoint.ts";
import { batchShape, type TrainingValues } from "../training_plan.ts";

/** Returns the states of a checkpoint for a run whose options may ask for another batch size. */
export function withBatchSize(
  o: TrainingValues,
  states: ReadonlyMap<string, StageSnapshot>,
): ReadonlyMap<string, StageSnapshot> {
  const batch = states.get("batch"), train = states.get("train");
  if (batch === undefined || train === undefined || !isRecord(batch.state) || !isRecord(train.state)) {
    return states;
  }
  const [accum, size, seqLen] = batchShape(o);
  const { step, tokens } = train.state;
  // Checkpoints of earlier versions do not contain the size, but all their steps had the same.
  const before = Number(batch.state.size ?? Number(tokens) / Number(step) / seqLen);
  if (!(before > 0) || before === accum * size) return states;
  const { skip = 0, ...trained } = train;
  const { unobserved: _, ...state } = train.state; // a batch of another size, which no stage could inspect
  const skipped = Number(batch.state.skip ?? 0) + skip * before;
  return new Map([...states, ["train", { ...trained, state }], ["batch", {
    ...batch,
    state: { ...batch.state, skip: skipped },
  }]]);
}
