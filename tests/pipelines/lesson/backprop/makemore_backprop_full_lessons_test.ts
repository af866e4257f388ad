import { fullLessonTest } from "../full_run.ts";

fullLessonTest("makemore-backprop", { values: 17 });
