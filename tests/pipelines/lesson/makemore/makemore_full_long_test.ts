import { figuresTest } from "../figures_run.ts";
import { fullLessonTest } from "../full_run.ts";

fullLessonTest("makemore", { values: 8, solutions: false });
figuresTest({ lessons: "makemore", same: 8, claims: 5 });
