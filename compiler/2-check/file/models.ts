// Takes: the models of a file. Gives: each one resolved, on demand, once.
// Promises: a variant is its base's body with its own laid over it; a model with a fault is null, the others go on.
import type { Span } from '../../../grammar/source.ts';
import { diagnostic, type Diagnostic } from '../../diagnostics.ts';
import { emptyBody, type Body, type Draft } from '../draft/draft.ts';
import { nearest } from '../draft/names.ts';
import { overlayBody } from '../draft/overlay.ts';
import type { Prelude } from '../draft/prelude.ts';
import { attempt, sectionOf, type ModelFacts, type Section, type World } from '../evaluate/section.ts';
import { parameterCount, type ParameterCount } from '../parameters/parameters.ts';
import type { TowerModel } from '../model.ts';
import { towerCount } from '../parameters/towers.ts';
import { hasTowers, resolveTowers } from '../resolve/towers/towers.ts';
import { checkModelAssertions, resolveModel, type ResolvedModel } from '../resolve/model.ts';
import { factOf, openConstruct } from '../schema/register.ts';
import type { ModelOutline } from './outline.ts';

export interface FileModel {
  readonly name: string;
  /** The model itself, its base, its base's base, ... */
  readonly lineage: readonly ModelOutline[];
  readonly section: Section;
  readonly resolved: ResolvedModel | null;
  /** Set in place of `resolved` when it is a model of towers. */
  readonly towers: TowerModel | null;
}

export class FileModels implements ModelFacts {
  private readonly outlines: ReadonlyMap<string, ModelOutline>;
  private readonly prelude: Prelude;
  private readonly usedNames: ReadonlySet<string>;
  private readonly report: (diagnostic: Diagnostic, owner: string) => void;
  private readonly done = new Map<string, FileModel | null>();
  private readonly sections = new Map<string, Section>();
  private readonly open = new Set<string>();

  constructor(
    models: readonly ModelOutline[],
    prelude: Prelude,
    usedNames: ReadonlySet<string>,
    report: (diagnostic: Diagnostic, owner: string) => void,
  ) {
    this.outlines = new Map(models.map((model) => [model.name, model]));
    this.prelude = prelude;
    this.usedNames = usedNames;
    this.report = report;
  }

  has(name: string): boolean {
    return this.outlines.has(name);
  }

  names(): readonly string[] {
    return [...this.outlines.keys()];
  }

  isOpen(name: string): boolean {
    return this.open.has(name);
  }

  parameters(name: string): ParameterCount | null {
    const model = this.resolve(name);
    if (model?.towers) return towerCount(model.towers);
    return model?.resolved ? parameterCount(model.resolved.model) : null;
  }

  section(name: string): Section | null {
    const known = this.sections.get(name);
    if (known !== undefined) return known;
    const lineage = this.lineage(name);
    const [own] = lineage ?? [];
    if (lineage === null || own === undefined) return null;
    const section = this.makeSection(lineage, this.bodyOf(lineage), new Map(), false);
    this.sections.set(name, section);
    return section;
  }

  /** Null: unknown, or asked for by itself. */
  resolve(name: string): FileModel | null {
    const known = this.done.get(name);
    if (known !== undefined) return known;
    const section = this.section(name);
    if (section === null || this.open.has(name)) return null;
    this.open.add(name);
    const isTowers = hasTowers(section.body);
    const towers = isTowers ? attempt(() => resolveTowers(section, name)) : null;
    const resolved = isTowers ? null : attempt(() => resolveModel(section, name));
    this.open.delete(name);
    const model = { name, lineage: this.lineage(name) ?? [], section, resolved, towers };
    this.done.set(name, model);
    if (resolved !== null || towers !== null) checkModelAssertions(section);
    return model;
  }

  /** Itself and its bases, itself first; null, reported, when a base is missing or the line is a ring. */
  private lineage(name: string): readonly ModelOutline[] | null {
    const line: ModelOutline[] = [];
    for (let at = this.outlines.get(name); at !== undefined;) {
      if (line.includes(at)) {
        const path = [...line.slice(line.indexOf(at)), at].map((each) => each.name);
        // Each of the ring comes to it: told at the one that stands first.
        const [first] = line.slice(line.indexOf(at)).sort((a, b) => a.span.start - b.span.start);
        if (first === at) this.report(diagnostic('cycle', at.span, { path }), name);
        return null;
      }
      line.push(at);
      if (at.base === null) return line;
      const base = this.outlines.get(at.base.name);
      if (base === undefined) {
        const near = nearest(at.base.name, this.names());
        const extra = near === null ? {} : { fix: `did you mean \`${near}\`?` };
        this.report(diagnostic('unknown-model', at.base.span, { name: at.base.name }, extra), name);
        return null;
      }
      at = base;
    }
    return null;
  }

  private bodyOf(lineage: readonly ModelOutline[]): Body {
    const isTowers = lineage.some((each) => hasTowers(each.body));
    let body = isTowers ? this.prelude.towers : this.prelude.model;
    for (const { body: own, base } of [...lineage].reverse()) {
      const model = base?.name ?? 'std';
      body = overlayBody(body, modelPart(own), (key, { span }) =>
        this.report(diagnostic('let-override', span, { name: key, model }), model),
      );
    }
    return body;
  }

  private makeSection(
    lineage: readonly ModelOutline[],
    body: Body,
    overrides: ReadonlyMap<string, number>,
    sizesOnly: boolean,
    told?: World['report'],
  ): Section {
    const [own] = lineage;
    const span = own?.span;
    const name = own?.name ?? '';
    const report = told ?? ((each: Diagnostic): void => this.report(each, name));
    const resized = (sizes: ReadonlyMap<string, number>, told: World['report']): ResolvedModel | null => {
      const section = this.makeSection(lineage, body, sizes, true, told);
      return attempt(() => resolveModel(section, name));
    };
    const world: World = {
      report,
      prelude: this.prelude,
      usedNames: this.usedNames,
      overrides,
      sizesOnly,
      note: own?.base ? { message: `in variant ${name}`, span: own.span } : null,
      isInherited: (at) => own?.base != null && !within(at, own.extent),
      models: this,
      open: openConstruct,
      fact: factOf,
      countWith: (sizes) => {
        const resolved = resized(sizes, () => {});
        return resolved === null ? null : parameterCount(resolved.model).total;
      },
      explainWith: (sizes) => void resized(sizes, report),
      state: { layer: null, usesLayer: false, trail: [], asked: new Set(), locals: [] },
    };
    const owner = hasTowers(body) ? 'towers' : 'model';
    return sectionOf({ path: '', owner, parent: null, body, span: span ?? emptySpan }, world);
  }
}

const emptySpan: Span = { file: { path: '', text: '' }, start: 0, end: 0 };

function within(span: Span, extent: Span): boolean {
  return extent.start <= span.start && span.end <= extent.end;
}

/** E1, when all was evaluated: names of this model (not of its base, where they may be used) that nothing asked for. */
export function checkLocals({ lineage, section, resolved, towers }: FileModel, models: readonly FileModel[]): void {
  const [own] = lineage;
  if ((resolved === null && towers === null) || own === undefined) return;
  const { asked, locals } = section.world.state;
  for (const { draft, complain } of locals) {
    const shared = lineage.length === 1 && !models.some((each) => each.lineage[0] && within(draft.span, each.lineage[0].extent)); // prettier-ignore
    if (!asked.has(draft) && (shared || within(draft.span, own.extent))) complain();
  }
}

/** A variant's overrides of train and generate blocks are not part of the model. */
function modelPart(body: Body): Body {
  const keys = new Map<string, Draft>([...body.keys].filter(([key]) => !isBlockKey(key)));
  return { keys, clauses: body.clauses };
}

export function isBlockKey(key: string): boolean {
  return /^(train|generate)( |$)/.test(key);
}

/** What a model or variant says itself about a train or generate block. */
export function blockOverride(outline: ModelOutline, role: string, name: string): Body | null {
  const draft = outline.body.keys.get(role === name ? role : `${role} ${name}`);
  return draft === undefined ? null : (draft.body ?? emptyBody);
}
