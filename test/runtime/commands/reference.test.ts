// `modelc reference`: what it prints, which files it writes and which it leaves alone.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writtenMark } from '../../../compiler/reference/pages.ts';
import { referenceCommand } from '../../../runtime/commands/reference.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modelc-reference-'));
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]): Promise<unknown> =>
  referenceCommand().exitOverride().parseAsync(args, { from: 'user' });

describe('reference', () => {
  it('writes its pages; an old page of its own goes, a file of somebody else stays', async () => {
    writeFileSync(join(folder, 'notes.md'), 'mine');
    writeFileSync(join(folder, 'gone.md'), `# Gone\n\n${writtenMark}\n`);
    await run('--out', folder);
    expect(readFileSync(join(folder, 'notes.md'), 'utf8')).toBe('mine');
    expect(readdirSync(folder)).not.toContain('gone.md');
    expect(readFileSync(join(folder, 'mixer.md'), 'utf8')).toContain('kv_heads');
  });

  it('says in a sentence what cannot be written, and the nearest name of what there is not', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(run('--out', join(folder, 'file', 'inner'))).rejects.toThrow(/^cannot write /);
    await expect(run('gqaa')).rejects.toThrow('did you mean gqa?');
  });
});
