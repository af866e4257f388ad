import { fullLessonTest } from "../full_run.ts";

fullLessonTest("shakespeare", { data: "text/tinyshakespeare.txt", values: 39, solutions: false });
