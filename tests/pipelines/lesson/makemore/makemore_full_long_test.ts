import { fullLessonTest } from "../full_run.ts";

fullLessonTest("makemore", { values: 8, solutions: false });
