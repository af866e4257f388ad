import { mutants } from "./pytorch_cases.ts";

mutants(10_000);
