import { fuzzReaders } from "./fuzz_cases.ts";

fuzzReaders(1);
