/**
 * Tests that split dispatches of attention, which are compiled for seconds, give the same bits.
 *
 * @module
 */
import { sameBitsForAnySplit, splitsAboveTheLimit } from "./split_cases.ts";

Deno.test("webgpu engine gives the same bits for any split of attention and of sums over columns", () =>
  sameBitsForAnySplit({ attention: 11, attention_grad: 11, matmul_add: 7, layer_norm_param_grad: 2 }));

Deno.test("webgpu run() splits attention's gradient one step above the limit, and neither at it nor below", () =>
  splitsAboveTheLimit("attention_grad", 7));
