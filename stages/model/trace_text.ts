/**
 * Runs the program `trace` on a text.
 *
 * @module
 */
import type { Session } from "../../kernels/engine/engine.ts";
import { checkTokens } from "./check_inputs.ts";
import type { Plan } from "./plan.ts";
import { floats } from "./tensor_data.ts";
import { type ModelTrace, traceLogits, traceQkv, traceTokens } from "./trace.ts";

/** Runs one text through a model: see `ModelSession.trace`. */
export async function traceText(plan: Plan, session: Session, ids: ArrayLike<number>): Promise<ModelTrace> {
  const { tracing, traced, model: { vocabSize, paddedVocabSize } } = plan;
  if (tracing === undefined) throw new RangeError("Cannot trace: the plan has no tracing");
  const { length } = ids, tokens = new Uint32Array(tracing.seqLen);
  if (length < 1 || length > tracing.seqLen) {
    throw new RangeError(`Cannot trace ${length} tokens: wanted 1 to ${tracing.seqLen}`);
  }
  tokens.set(ids); // no token sees the padding after it
  checkTokens(tokens, { limit: vocabSize, what: "text" });
  session.write({ [traceTokens]: { shape: [1, tracing.seqLen], data: tokens } });
  await session.run(["trace"]);
  const found = await session.read([traceLogits, ...traced.map((_, block) => traceQkv(block))]);
  const logits = floats(found[traceLogits].data);
  return {
    logits: Array.from(
      { length },
      (_, t) => logits.subarray(t * paddedVocabSize, t * paddedVocabSize + vocabSize),
    ),
    attention: traced.map((form, block) => {
      const { shape, data } = found[traceQkv(block)];
      return { form, qkv: floats(data).subarray(0, length * shape[shape.length - 1]) };
    }),
  };
}
