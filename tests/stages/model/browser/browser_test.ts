import { browserTest } from "./browser_tests.ts";

browserTest(0);
