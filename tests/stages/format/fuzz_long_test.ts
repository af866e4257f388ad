import { fuzzFormats } from "./fuzz_cases.ts";

fuzzFormats(1);
