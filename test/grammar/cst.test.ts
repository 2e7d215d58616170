import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cstTypes } from '../../grammar/generate-cst.ts';

test('cst.ts is what `npm run cst` writes', () => {
  expect(cstTypes()).toBe(readFileSync(new URL('../../grammar/cst.ts', import.meta.url), 'utf8'));
});
