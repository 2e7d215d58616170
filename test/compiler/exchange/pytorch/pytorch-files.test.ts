import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScheduleSpec } from '../../../../compiler/2-check/model.ts';
import { parameters } from '../../../../compiler/2-check/parameters/parameters.ts';
import { trainSpecOf } from '../../../../compiler/2-check/train/narrow.ts';
import { checkSource } from '../../../../compiler/compile.ts';
import { UnbuiltError } from '../../../../compiler/diagnostics.ts';
import { pytorchFiles, type TextFile } from '../../../../compiler/exchange/pytorch/pytorch-files.ts';
import { defaultTrain } from '../../../../compiler/exchange/pytorch/train/default-train.ts';
import { scheduleText } from '../../../../compiler/exchange/pytorch/train/schedule-text.ts';
import { readPrelude } from '../../../../runtime/model-file.ts';
import { learningRateScale } from '../../../../runtime/training/schedule.ts';
import { allModels, golden, goldenModel, readText, type Named } from './exported.ts';
import { stateDictNames } from './state-dict.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const withPython = hasPython ? '' : ' (skipped: no python3 on this machine)';

const check = (text: string) => checkSource({ path: 'test.model', text }, readPrelude()).file;

describe('PyTorch export', () => {
  it.each(['llama', 'sandwich', 'parallel'])('of %s is this text', async (name) => {
    const { model, train } = goldenModel(name);
    for (const { path, text } of pytorchFiles(model, train)) {
      await expect(text).toMatchFileSnapshot(join(golden, name, path));
    }
  });

  it('names what cannot be compiled yet', () => {
    const [model] = check(`model M {
      vocab = 256; context = 8; d_model = 8; n_layers = 1
      mixer ssm = mamba {}
      block main { y = x + ssm(rms.mix(x)) }
    }`).models;
    if (!model) throw new Error('a model');
    expect(() => pytorchFiles(model, null)).toThrow(UnbuiltError);
    expect(() => pytorchFiles(model, null)).toThrow('`mamba`');
  });

  it('without a train block means the defaults of std', () => {
    const { models, trains } = check(`${readText(join(golden, 'llama', 'input.model'))}\ntrain { data = text("a") }`);
    const [model, block] = [models[0], trains[0]];
    const spec = block && trainSpecOf(block).spec;
    if (!model || !spec) throw new Error('a model and its run');
    const { span: _, ...given } = defaultTrain(model);
    expect(spec).toMatchObject({ ...given, name: spec.name, data: ['a'] });
  });
});

describe('all models that compile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'modelc-pytorch-'));
  let written: readonly (Named & { readonly files: readonly TextFile[] })[] = [];
  beforeAll(() => {
    written = allModels().map((each) => ({ ...each, files: pytorchFiles(each.model, each.train) }));
  }, 120_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are many', () => {
    expect(written.length).toBeGreaterThan(50);
  });

  it('have the names of their parameters in the state dict', () => {
    for (const { name, model, files } of written) {
      const wanted = parameters(model).map((parameter) => parameter.name);
      expect(stateDictNames(files[0]?.text ?? '').sort(), name).toEqual(wanted.sort());
    }
  });

  it.skipIf(!hasPython)(
    `are Python${withPython}`,
    () => {
      const paths = written.flatMap(({ files }, i) =>
        files.map(({ path, text }) => {
          mkdirSync(join(folder, String(i)), { recursive: true });
          writeFileSync(join(folder, String(i), path), text);
          return join(folder, String(i), path);
        }),
      );
      execFileSync('python3', ['-m', 'py_compile', ...paths], { stdio: 'pipe' });
    },
    60_000,
  );

  it('name no constant before it is set', () => {
    for (const { name, files } of written) {
      const code = (files[0]?.text ?? '').replaceAll(/"""[^]*?"""|"[^"\n]*"|#.*/g, '');
      const set = new Set<string>();
      for (const line of code.split('\n')) {
        for (const [used] of line.replace(/^(class \w+|\w+ = )/, '').matchAll(/\b[A-Z][A-Z_\d]+\b/g)) expect(set, `${name}: ${line}`).toContain(used); // prettier-ignore
        const [, constant] = /^(?:class )?([A-Z][A-Z_\d]+)\b/.exec(line) ?? [];
        if (constant !== undefined) set.add(constant);
      }
    }
  });

  it('have no line beyond 110 columns', () => {
    const lines = written.flatMap(({ files }) => files.flatMap(({ text }) => text.split('\n')));
    expect(lines.filter((line) => line.length > 110)).toEqual([]);
  });
});

describe('learning rates', () => {
  const shapes = ['linear', 'cosine', 'minus_sqrt', 'exponential'] as const;
  const schedules: readonly ScheduleSpec[] = [
    { kind: 'constant', warmup: 0 },
    { kind: 'constant', warmup: 4 },
    { kind: 'cosine', warmup: 3, floor: 0.1 },
    { kind: 'cosine', warmup: 0, floor: 0 },
    ...shapes.map((shape) => ({ kind: 'wsd', warmup: 2, decay: 7, shape, floor: 0.05 }) as const),
  ];

  it.skipIf(!hasPython)(`are those of training here${withPython}`, () => {
    for (const schedule of schedules) {
      const program = `import json, math\n${scheduleText(schedule)}\nprint(json.dumps([lr_scale(step, 20) for step in range(22)]))`;
      const given = JSON.parse(execFileSync('python3', ['-c', program], { encoding: 'utf8' })) as number[];
      const wanted = given.map((_, step) => learningRateScale(schedule, step, 20));
      expect(given.length, JSON.stringify(schedule)).toBe(22);
      given.forEach((value, step) => expect(value, `${JSON.stringify(schedule)} step ${step}`).toBeCloseTo(wanted[step] ?? NaN, 12)); // prettier-ignore
    }
  });
});
