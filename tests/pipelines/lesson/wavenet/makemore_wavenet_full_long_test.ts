import { fullLessonTest } from "../full_run.ts";

fullLessonTest("makemore-wavenet", { values: 26 });
