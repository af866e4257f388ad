import { fuzzReaders } from "./fuzz_cases.ts";

fuzzReaders(0.1);
