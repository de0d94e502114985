/** The steps of the model test, short. */
import type { Step } from "./model-steps.ts";

/** The indexes of names: IDs from 0, slugs from 3, external IDs from 7. */
export const read = (name: number, reader = 0): Step => ({ do: "read", reader, name });
export const readSlowly = (name: number): Step => ({ do: "read slowly", reader: 0, name });
export const force = (name: number): Step => ({ do: "force", reader: 0, name });
export const wait = (seconds: number): Step => ({ do: "wait", seconds });
export const fail = (how: number): Step => ({ do: "fail", how });
export const purge = (name: number, reader = 0): Step => ({ do: "purge", reader, name });
export const WORK: Step = { do: "work" };
export const ANSWER: Step = { do: "answer slow reads" };
