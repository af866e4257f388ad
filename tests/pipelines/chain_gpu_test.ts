import { llmcCourse } from "./llmc_course.ts";

llmcCourse("webgpu");
