// Takes: the AST of a file, and those of the prelude (specs/std). Gives: its models and towers, its train, generate, data and sweep blocks.
// Promises: every fault of the file is reported once; what is faulty is left out and the rest is resolved.
import type { FileNode } from '../1-syntax/ast.ts';
import { diagnostic, type Diagnostic } from '../diagnostics.ts';
import { collectNames } from './draft/names.ts';
import { textOf } from './draft/from-items.ts';
import { preludeOf, type Prelude } from './draft/prelude.ts';
import { checkCondition } from './evaluate/condition.ts';
import { attempt, sectionOf, type Section } from './evaluate/section.ts';
import { resolveBlocks, type Blocks } from './file/blocks.ts';
import { checkLocals, FileModels, type FileModel } from './file/models.ts';
import { outlineOf, type Outline } from './file/outline.ts';
import { isAllowed, readAllowances } from './lint/allow.ts';
import { lintGenerate, lintTrain } from './lint/blocks.ts';
import { lintModel, type Lint } from './lint/lint.ts';
import { lintPinned } from './lint/pinned.ts';
import type { CheckedFile } from './model.ts';

/** `owner`: the model whose fault it is. */
type Report = (diagnostic: Diagnostic, owner?: string) => void;

export function checkFile(
  ast: FileNode,
  prelude: readonly FileNode[],
): { file: CheckedFile; diagnostics: Diagnostic[] } {
  const { diagnostics, report } = collector();
  const std = preludeOf(prelude);
  const outline = outlineOf(ast, report);
  const facts = new FileModels(outline.models, std, collectNames([ast]), report);
  const models = outline.models.flatMap(({ name }) => facts.resolve(name) ?? []);
  const section = fileSection(ast, facts, std, report);
  const blocks = resolveBlocks(outline, { models, prelude: std, file: section, report });
  models.forEach((model) => checkLocals(model, models));
  checkUses(outline, std, report);
  checkAssertions(outline, section, report);
  reportLints(outline, models, blocks, report);
  const file: CheckedFile = {
    models: models.flatMap(({ resolved }) => resolved?.model ?? []),
    towers: models.flatMap(({ towers }) => towers ?? []),
    trains: blocks.trains.map(({ block }) => block),
    generates: blocks.generates.map(({ block }) => block),
    data: blocks.data,
    sweeps: blocks.sweeps,
  };
  return { file, diagnostics: [...diagnostics].sort((a, b) => a.span.start - b.span.start) };
}

/** A fault of a model shows again in each of its variants, perhaps with other numbers: once is enough. */
function collector(): { readonly diagnostics: readonly Diagnostic[]; readonly report: Report } {
  const diagnostics: Diagnostic[] = [];
  const owners = new Map<string, string>();
  const report: Report = (each, owner = '') => {
    const { code, span, message } = each;
    const place = `${code} ${span.file.path} ${span.start} ${span.end}`;
    const first = owners.get(place) ?? owner;
    owners.set(place, first);
    // Everything that derives from a missing key misses it.
    const anywhere = code === 'missing-key' && diagnostics.some((old) => old.message === message);
    const known = diagnostics.some(
      (old) => old.code === code && old.span.start === span.start && old.message === message,
    );
    if (first === owner && !known && !anywhere) diagnostics.push(each);
  };
  return { diagnostics, report };
}

/** `use std.wiring`: the prelude is always in scope; naming a part that is not there is a fault. */
function checkUses({ uses }: Outline, { modules }: Prelude, report: Report): void {
  for (const { words } of uses) {
    for (const path of words) {
      const name = textOf(path);
      if (!modules.has(name) && name !== 'std') {
        const fix = `there are ${[...modules].join(', ')}`;
        report(diagnostic('unknown-name', path.span, { name }, { fix }));
      }
    }
  }
}

/** In which the file's own assertions and data blocks stand. */
function fileSection(ast: FileNode, facts: FileModels, prelude: Prelude, report: Report): Section {
  const world = {
    report,
    prelude,
    usedNames: new Set<string>(),
    overrides: new Map<string, number>(),
    sizesOnly: false,
    note: null,
    models: facts,
    open: (found: { section: Section }) => found.section,
    fact: () => null,
    countWith: () => null,
    explainWith: () => {},
    state: { layer: null, usesLayer: false, trail: [], asked: new Set<never>(), locals: [] },
  };
  const body = { keys: new Map(), clauses: [] };
  return sectionOf({ path: '', owner: 'file', parent: null, body, span: ast.span }, world);
}

/** `assert Atlas.params < 3B` at the level of the file. */
function checkAssertions(outline: Outline, section: Section, report: Report): void {
  for (const { keyword, args, span } of outline.assertions) {
    if (keyword !== 'assert' && keyword !== 'require') {
      report(diagnostic('unknown-key', span, { key: keyword, owner: 'a file' }));
    } else args.forEach((arg) => attempt(() => checkCondition(arg, section)));
  }
}

function reportLints(outline: Outline, models: readonly FileModel[], blocks: Blocks, report: Report): void {
  const names = new Set(outline.models.flatMap(({ body }) => [...body.keys.keys()]));
  const known = { isName: (word: string) => names.has(word), models: outline.models.map(({ name }) => name) };
  const allowances = readAllowances(outline.lints, known, report);
  const tell = (lints: readonly Lint[], model: string, block: string | null = null): void => {
    for (const lint of lints) if (!isAllowed(lint, model, allowances, block)) report(lint.diagnostic);
  };
  for (const model of models) {
    const { name, section, resolved, towers } = model;
    if (resolved !== null) tell(lintModel(resolved, section), name);
    if (resolved !== null || towers !== null) tell(lintPinned(model), name);
  }
  for (const { block, model } of blocks.trains) {
    tell(lintTrain(block, model.resolved?.model ?? null), block.model, block.name);
  }
  for (const { block, model } of blocks.generates) {
    if (model.resolved !== null) tell(lintGenerate(block, model.resolved.model), block.model, block.name);
  }
}
