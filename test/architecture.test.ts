// Takes: the source tree. Gives: breaches of the layout that no other tool sees.
// Promises: three arrows, the number rule, no folder of more than a dozen files, every file with a head.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const layers = ['grammar', 'compiler', 'runtime'];
const files = layers.flatMap((layer) =>
  readdirSync(join(root, layer), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => `${layer}/${name}`),
);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), 'utf8');
  return [...text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']*)'/gm)].map((match) => ({
    from,
    to: relative(root, resolve(root, dirname(from), match[2] ?? '')),
    typeOnly: match[1] !== undefined,
  }));
});

/** `compiler/3-graph/model/x.ts` -> 3; files beside the numbered folders have no number. */
const stageOf = (file: string): number | null => {
  const match = /^compiler\/(\d)-/.exec(file);
  return match ? Number(match[1]) : null;
};

const show = (list: readonly Import[]): string[] => list.map(({ from, to }) => `${from} -> ${to}`);

describe('layout', () => {
  it('sees the imports', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it('has three arrows only: runtime -> compiler -> grammar', () => {
    const rank = (file: string): number => layers.indexOf(file.split('/')[0] ?? '');
    expect(show(imports.filter(({ from, to }) => rank(to) > rank(from) || rank(to) < 0))).toEqual([]);
  });

  it('imports chevrotain in grammar only', () => {
    const breaches = files.filter(
      (file) => !file.startsWith('grammar/') && readFileSync(join(root, file), 'utf8').includes("from 'chevrotain'"),
    );
    expect(breaches).toEqual([]);
  });

  it('lets a stage import itself, lower numbers and diagnostics', () => {
    const shared = new Set(['compiler/diagnostics.ts', 'compiler/messages.ts']);
    const breaches = imports.filter(({ from, to, typeOnly }) => {
      const stage = stageOf(from);
      if (stage === null || !to.startsWith('compiler/') || shared.has(to)) return false;
      const target = stageOf(to);
      // The Plan's vocabulary (roles, constants) is shared by all stages as types.
      if (typeOnly && to === 'compiler/7-plan/plan.ts') return false;
      return target === null || target > stage;
    });
    expect(show(breaches)).toEqual([]);
  });

  it('keeps the engine apart from the compiler: it knows the type of a Plan and nothing else', () => {
    const breaches = imports.filter(
      ({ from, to, typeOnly }) =>
        /^runtime\/(engine|driver)\//.test(from) &&
        !/^runtime\/(engine|driver)\//.test(to) &&
        !(typeOnly && to === 'compiler/7-plan/plan.ts'),
    );
    expect(show(breaches)).toEqual([]);
  });

  it('keeps Node out of what a browser imports', () => {
    const reached = new Set(['runtime/browser.ts']);
    for (const file of reached) {
      for (const { from, to, typeOnly } of imports) if (from === file && !typeOnly) reached.add(to);
    }
    expect(reached).toContain('runtime/engine/cpu/thread.ts');
    const breaches = [...reached].filter((file) =>
      /\bfrom 'node:|\bprocess\./.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(breaches).toEqual([]);
  });

  it('keeps folders small and opens every file with what it takes and gives', () => {
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
    expect([...sizes].filter(([, count]) => count > 12)).toEqual([]);
    const headless = files.filter(
      (file) => file !== 'grammar/cst.ts' && !/^(#!.*\n)?\/\/ Takes: /.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(headless).toEqual([]);
  });
});
