/** The lessons that compare their values with a lecture's, without those whose tests run them in full. */
import { figuresTest } from "./lesson/figures_run.ts";

figuresTest({ lessons: "micrograd,makemore-bigram,shakespeare,tokenizer-lesson", same: 184, claims: 35 });
