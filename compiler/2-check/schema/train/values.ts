// Takes: nothing. Gives: the types of values of runs: durations, batches, amounts of bytes, one text, sources of data.
// Promises: units are kept: `2Mtok` is tokens, `1%` a share.
import type { Expr } from '../../../1-syntax/ast.ts';
import { inlineDraft } from '../../evaluate/evaluate.ts';
import { show } from '../../evaluate/quantity.ts';
import { fail, pathOf } from '../../evaluate/section.ts';
import type { DataSource, Duration, Piecewise } from '../../model.ts';
import { mismatch, settle, wordOf, type KeyType, type Slot } from '../key-type.ts';
import { piecewiseOf } from '../piecewise.ts';
import { count, numberOf, tokens } from '../scalars.ts';

/** `300`, `1%`, `2Btok` */
export const duration: KeyType<Duration> = {
  expects: 'a number of steps or of tokens, or a percentage',
  read(slot) {
    const { draft, section, key } = slot;
    const { value, measure } = numberOf(slot, duration.expects);
    const span = draft.value?.span ?? draft.span;
    const path = pathOf(section, key);
    if (measure === 'byte') {
      return fail(section, 'wrong-type', span, {
        key: path,
        expected: duration.expects,
        found: show({ value, measure }),
      });
    }
    const isShare = measure === 'percent';
    // 0.01 steps are meant as a share.
    if (measure === null && value > 0 && value < 1) {
      return fail(
        section,
        'not-whole',
        span,
        { key: path, value },
        { fix: `write ${Number((value * 100).toPrecision(6))}%` },
      );
    }
    if (value >= 0 && value < Infinity && (!isShare || value <= 1)) {
      return { value, unit: isShare ? 'share' : measure === 'token' ? 'tokens' : 'steps' };
    }
    const range = isShare ? 'from 0% to 100%' : 'at least 0';
    return fail(section, 'out-of-range', span, { key: path, value: isShare ? value * 100 : value, range });
  },
};

/** `4KiB`, or a plain number of them. */
export const bytes: KeyType<number> = {
  expects: 'a number of bytes',
  read(slot) {
    const { draft, section, key } = slot;
    const { value, measure } = numberOf(slot, 'a number of bytes');
    const span = draft.value?.span ?? draft.span;
    if (measure !== 'byte' && measure !== null) {
      const args = { key: pathOf(section, key), expected: 'a number of bytes', found: show({ value, measure }) };
      return fail(section, 'wrong-type', span, args);
    }
    if (value >= 1 && Number.isInteger(value)) return value;
    return fail(section, 'out-of-range', span, {
      key: pathOf(section, key),
      value,
      range: 'a whole number, at least 1',
    });
  },
};

/** `"lid.bin"` */
export const text: KeyType<string> = {
  expects: 'a text',
  read(slot) {
    const { value, body } = slot.draft;
    return value?.kind === 'string' && body === null ? value.value : mismatch(slot, 'a text');
  },
};

/** `"run/best"`, or a name. */
export const textOrName: KeyType<string> = {
  expects: 'a text or a name',
  owns: () => true,
  read(slot) {
    const { value, body } = slot.draft;
    if (body !== null || value === null) return mismatch(slot, 'a text or a name');
    if (value.kind === 'string') return value.value;
    return value.kind === 'name' ? value.name : mismatch(slot, 'a text or a name');
  },
};

/** What was written; in tokens it becomes sequences once `seq` is known. */
export type WrittenBatch =
  | { readonly kind: 'sequences' | 'tokens'; readonly value: number }
  | { readonly kind: 'ramp'; readonly from: number; readonly to: number; readonly over: number }
  | ({ readonly kind: 'pieces' } & Piecewise);

/** `32`, `2Mtok`, `ramp(3072, 15_360, over = 469Btok)`, `512 until 10Btok then 1024` */
export const batch: KeyType<WrittenBatch> = {
  expects: 'a number of sequences or of tokens, pieces, or ramp(from, to, over = tokens)',
  words: ['ramp'],
  read(slot) {
    const { draft, section } = slot;
    const { value } = draft;
    if (value?.kind === 'call' && wordOf(value.callee) === 'ramp') return ramp(value, slot);
    if (value?.kind === 'binary' && (value.operator === 'then' || value.operator === 'until')) {
      return { kind: 'pieces', ...piecewiseOf(count).read(slot) };
    }
    const found = numberOf(slot, batch.expects);
    if (found.measure !== 'token') return { kind: 'sequences', value: count.read(slot) };
    if (found.value > 0) return { kind: 'tokens', value: found.value };
    return fail(section, 'out-of-range', draft.span, { key: pathOf(section, slot.key), value: found.value, range: 'above 0' }); // prettier-ignore
  },
};

function ramp(call: Extract<Expr, { kind: 'call' }>, { section, key }: Slot): WrittenBatch {
  const order = ['from', 'to', 'over'];
  const given = new Map(call.args.map(({ name, value }, index) => [name?.text ?? order[index] ?? '', value]));
  const wrong = [...given.keys()].find((name) => !order.includes(name)) ?? order.find((name) => !given.has(name));
  if (wrong !== undefined || call.args.length !== order.length) {
    return fail(section, 'wrong-arguments', call.span, { callee: 'ramp', message: 'it takes from, to and over' });
  }
  const read = (name: string, type: KeyType<number>): number => {
    const value = given.get(name) ?? call;
    return type.read({ draft: inlineDraft(value, section), section, key: `${key}: ${name}` });
  };
  return { kind: 'ramp', from: read('from', count), to: read('to', count), over: read('over', tokens) };
}

const dataExpects = 'text("glob", ...), or the name of a data block or corpus';

/** `text("src/*.ts", "docs/*.md")`: globs, relative to the file; `corpus`: a data block, or one outside the file. */
export const dataSource: KeyType<DataSource> = {
  expects: dataExpects,
  words: ['none', 'text'],
  owns: () => true,
  read(slot) {
    const at = settle(slot, () => true);
    const { value } = at.draft;
    const { section, key } = slot;
    if (wordOf(value) === 'none') return { kind: 'files', globs: [] };
    if (value?.kind === 'string') return { kind: 'files', globs: [value.value] };
    if (value?.kind === 'name') return { kind: 'corpus', name: value.name, external: true };
    if (value?.kind !== 'call' || wordOf(value.callee) !== 'text') return mismatch(at, dataExpects);
    const globs = value.args.map((arg) => {
      if (arg.value.kind === 'string' && arg.name === null) return arg.value.value;
      return mismatch({ draft: inlineDraft(arg.value, section), section, key }, 'text("glob", ...)');
    });
    return { kind: 'files', globs };
  },
};
