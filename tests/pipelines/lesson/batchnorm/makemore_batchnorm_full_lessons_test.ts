import { fullLessonTest } from "../full_run.ts";

fullLessonTest("makemore-batchnorm", { values: 75 });
