/**
 * The loss of a model on the tokens of conversations, apart for those of the user and of the assistant.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { batchOfRows } from "../../../stages/chat/row_batches.ts";
import { rowOf } from "../../../stages/chat/packed_row.ts";
import type { Conversation } from "../../../stages/chat/conversation.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import type { SmallChat } from "../talks/small_chat.ts";

/** Mean losses in nats per token. */
export interface LossesByWriter {
  /** Of the tokens that the assistant writes. */
  readonly answers: number;
  /** Of all other tokens, from the user's first one on. */
  readonly questions: number;
}

/** Returns a model's losses on some conversations. */
export async function lossesByWriter(
  { engine, model, template }: SmallChat,
  { weights, conversations }: {
    readonly weights: TensorMap;
    readonly conversations: readonly Conversation[];
  },
): Promise<LossesByWriter> {
  const batch = conversations.length, { seqLen } = model;
  await using session = await openModel(engine, {
    plan: plan({ model, evaluation: { batch, seqLen } }),
    weights,
  });
  const rows = conversations.map((one) => rowOf([template.render(one)], seqLen + 1));
  const { inputs, targets, mask } = batchOfRows(rows, { shape: [1, batch, seqLen] });
  const losses = await session.losses(inputs, targets), sums = [0, 0], counts = [0, 0];
  rows.forEach(({ segments }, row) => {
    for (let t = 0; t < seqLen; t++) {
      if (segments[t + 1] === 0) break; // padding
      const at = row * seqLen + t, writer = mask[at];
      sums[writer] += losses[at];
      counts[writer]++;
    }
  });
  return { questions: sums[0] / counts[0], answers: sums[1] / counts[1] };
}
