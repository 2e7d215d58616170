// Takes: profiled work and a folder. Gives: profile.json with every number, trace.json for ui.perfetto.dev.
// Promises: whole files or none; both hold the same runs.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { orSay, writeText } from '../write-text.ts';
import type { Section } from './profiler.ts';
import { summarize, type Summary } from './summarize.ts';
import { describeStep, traceOf } from './trace.ts';

export interface WrittenProfile {
  readonly profile: string;
  readonly trace: string;
  readonly summaries: readonly Summary[];
}

/** `device`: as `EngineDevice.describe` says. @throws UserError when a file cannot be written */
export function writeProfile(folder: string, sections: readonly Section[], device: string): WrittenProfile {
  const summaries = sections.map(summarize);
  const [profile, trace] = [join(folder, 'profile.json'), join(folder, 'trace.json')];
  orSay(folder, () => mkdirSync(folder, { recursive: true }));
  const runs = sections.flatMap(runsOf);
  writeText(profile, `${JSON.stringify({ version: 1, device, summaries, runs })}\n`);
  writeText(trace, `${JSON.stringify(traceOf(sections, device))}\n`);
  return { profile, trace, summaries };
}

/** Times in milliseconds of one clock. */
function runsOf({ label, profiled }: Section): unknown[] {
  return profiled.map(({ number, span, runs }) => ({
    label,
    number,
    ...span,
    runs: runs.map(({ plan, times: { steps, ...host } }) => ({
      plan: plan.name,
      ...host,
      steps: steps.map((each, s) => ({ ...each, ...describeStep(plan, s, each) })),
    })),
  }));
}
