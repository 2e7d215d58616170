// The file that keeps what was measured.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readTuned, tunedFile, writeTuned } from '../../../runtime/tuning/tuned-kernels.ts';

const adapter = 'adapter: NVIDIA H200 (NVIDIA, 580.95.05)';
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-tuned-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('keeps the schedules of each adapter and driver, later ones beside earlier ones', () => {
  expect(readTuned(adapter)).toEqual({});
  expect(writeTuned(adapter, { one: '{"rows":128}' })).toBe(true);
  expect(writeTuned(adapter, { two: '{"rows":64}' })).toBe(true);
  expect(readTuned(adapter)).toEqual({ one: '{"rows":128}', two: '{"rows":64}' });
  expect(readTuned('adapter: NVIDIA H200 (NVIDIA, 590.1)')).toEqual({});
  expect(tunedFile(adapter)).toBe(join(folder, 'modelc', 'tuned', 'adapter-nvidia-h200-nvidia-580.95.05-.json'));
});

it.each([
  ['text', 'no JSON'],
  ['a list', '[1, 2]'],
  ['numbers', '{"kernels": {"one": 5}}'],
])('a file of %s counts as empty and is written anew', (_, text) => {
  writeTuned(adapter, { one: 'x' });
  writeFileSync(tunedFile(adapter), text);
  expect(readTuned(adapter)).toEqual({});
  expect(writeTuned(adapter, { one: '{}' })).toBe(true);
  expect(JSON.parse(readFileSync(tunedFile(adapter), 'utf8'))).toEqual({ adapter, kernels: { one: '{}' } });
});

it('a folder that cannot be made leaves everything as it is', () => {
  writeFileSync(join(folder, 'modelc'), 'in the way');
  expect(writeTuned(adapter, { one: '{}' })).toBe(false);
});
