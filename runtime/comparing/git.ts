// Takes: a path and a git revision. Gives: the file as it was then.
// Promises: runs git in the file's folder and changes nothing; whatever is missing is one sentence.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { SourceFile } from '../../grammar/source.ts';
import { UserError } from '../user-error.ts';

/** @throws UserError when there is no git, no repository, no such revision, or no such file in it. */
export function readRevision(path: string, revision: string): SourceFile {
  const folder = dirname(path);
  if (!existsSync(folder)) throw new UserError(`cannot read ${path}@${revision}: there is no folder ${folder}`);
  const inside = git(folder, ['rev-parse', '--is-inside-work-tree']);
  if (!inside.ok) throw new UserError(`cannot read ${path}@${revision}: ${folder} is in no git repository`);
  const commit = git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
  if (!commit.ok) throw new UserError(`cannot read ${path}@${revision}: git knows no revision ${revision}`);
  const file = git(folder, ['cat-file', 'blob', `${commit.out.trim()}:./${basename(path)}`]);
  if (!file.ok) throw new UserError(`cannot read ${path}@${revision}: the file is not in that revision`);
  return { path: `${path}@${revision}`, text: file.out };
}

function git(folder: string, args: readonly string[]): { readonly ok: boolean; readonly out: string } {
  const { status, stdout, error } = spawnSync('git', args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error !== undefined) {
    const missing = 'code' in error && error.code === 'ENOENT';
    throw new UserError(missing ? 'git is not installed, so revisions cannot be read' : `git: ${error.message}`);
  }
  return { ok: status === 0, out: stdout };
}
