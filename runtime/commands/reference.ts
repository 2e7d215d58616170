// Takes: the name of a constructor or kind. Gives: its keys, defaults, formula and source.
// Promises: prints what the compiler itself reads; `--out` writes the pages of the whole language.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { parseFile } from '../../compiler/1-syntax/parse-file.ts';
import { nearest } from '../../compiler/2-check/draft/names.ts';
import { referenceNames, referenceOf, referencePages, writtenMark } from '../../compiler/reference/pages.ts';
import { readPrelude } from '../model-file.ts';
import { notice, print } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { orSay, writeText } from '../write-text.ts';

export function referenceCommand(): Command {
  return new Command('reference')
    .description('print what a constructor of the language is: its keys, defaults, formula, source')
    .argument('[name]', 'a constructor or kind, such as gqa or router; none: all names')
    .option('--out <folder>', 'write the pages of the whole language')
    .addHelpText('after', '\nExamples:\n  modelc reference gqa\n  modelc reference schedule\n  modelc reference')
    .action((name: string | undefined, options: { out?: string }) => {
      const std = readPrelude().map((file) => parseFile(file).ast);
      if (options.out !== undefined) return writePages(options.out, referencePages(std));
      if (name === undefined) return print(referenceNames().join('\n'));
      const text = referenceOf(name, std);
      if (text !== null) return print(text);
      const near = nearest(name, referenceNames());
      throw new UserError(`nothing is named ${name}${near === null ? '; `modelc reference` lists all names' : `; did you mean ${near}?`}`); // prettier-ignore
    });
}

/** Pages of subjects that are gone go too; a file of somebody else stays. */
function writePages(folder: string, pages: ReturnType<typeof referencePages>): void {
  const names = new Set(pages.map(({ file }) => file));
  orSay(folder, () => {
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    for (const old of readdirSync(folder)) {
      const path = join(folder, old);
      if (old.endsWith('.md') && !names.has(old) && readFileSync(path, 'utf8').includes(writtenMark)) rmSync(path);
    }
  });
  for (const { file, text } of pages) writeText(join(folder, file), text);
  notice(`wrote ${pages.length} pages to ${folder}`);
}
