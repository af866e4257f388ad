import { fullLessonTest } from "../full_run.ts";

fullLessonTest("makemore-mlp", { values: 8 });
