/** The lessons that are never shortened, and `shakespeare`, with their solutions. */
import { figuresTest } from "./lesson/figures_run.ts";

figuresTest({ lessons: "micrograd,makemore-bigram,shakespeare,tokenizer-lesson", same: 184, claims: 35 });
