// Takes: mixtures of experts of the families and of the language page. Gives: proof that they have the published sizes.
// Promises: totals, what one token uses, and the modules of multi-token prediction, to the last digit that is published.
import { describe, expect, it } from 'vitest';
import { parameterCount, type ParameterCount } from '../../../../compiler/2-check/parameters/parameters.ts';
import { check, readSpec } from '../prelude.ts';

const billions = (count: number): string => `${(count / 1e9).toFixed(2)}B`;
const millions = (count: number): string => `${(count / 1e6).toFixed(2)}M`;

/** Of specs/families/`family`.model. */
function countOf(family: string, name: string): ParameterCount {
  const model = check(readSpec(`families/${family}.model`)).file.models.find((each) => each.name === name);
  if (model === undefined) throw new Error(`no model ${name}`);
  return parameterCount(model);
}

describe('families', () => {
  it.each([
    ['mixtral', 'Mixtral8x7B', '46.70B', '12.88B'],
    ['qwen3_moe', 'Qwen3_30B_A3B', '30.53B', '3.35B'],
    ['gpt_oss', 'GptOss_20B', '20.91B', '4.19B'],
    ['deepseek_v2', 'DeepSeekV2_Lite', '15.71B', '2.66B'],
    ['deepseek_v3', 'DeepSeekV3', '671.03B', '37.55B'],
  ])('%s: %s has %s, %s active', (family, name, total, active) => {
    const count = countOf(family, name);
    expect([billions(count.total), billions(count.active)]).toEqual([total, active]);
  });
});

describe('DeepSeek-V3 and its small sibling', () => {
  const sizes = (name: string): string[] => {
    const count = countOf('deepseek_v3', name);
    return [millions(count.total), millions(count.active), millions(count.mtp)];
  };

  it('counts the module of multi-token prediction apart', () => {
    expect(countOf('deepseek_v3', 'DeepSeekV3').mtp / 1e9).toBeCloseTo(11.61, 2);
  });

  it('V3Mini', () => {
    expect(sizes('V3Mini')).toEqual(['1135.25M', '231.71M', '72.63M']);
  });
});

describe('deepseek_v3.model', () => {
  const { file, diagnostics } = check(readSpec('families/deepseek_v3.model'));

  it('has the sizes of its comments in every variant', () => {
    const sizes = file.models.map((model) => {
      const { total, active, mtp } = parameterCount(model);
      return [model.name, millions(total), millions(active), millions(mtp)].join(' ');
    });
    expect(sizes).toEqual([
      'DeepSeekV3 671026.40M 37552.28M 11610.07M',
      ...['V3Mini', 'V3MiniSoftmax', 'V3MiniExpertChoice', 'V3MiniUpcycled'].map(
        (name) => `${name} 1135.25M 231.71M 72.63M`,
      ),
    ]);
  });

  it('tells of the width that is no multiple of 64, and of the dense width that would fit', () => {
    const found = diagnostics.filter(({ code }) => code === 'width-multiple');
    expect(found.map(({ message, fix }) => [message, fix])).toEqual([
      [
        'moe.expert.width 344 is not a multiple of 64 (nearest 320 and 384)',
        'dense.width = 2560 or 3072: dense.width / 8 is then 320 or 384',
      ],
    ]);
  });
});
