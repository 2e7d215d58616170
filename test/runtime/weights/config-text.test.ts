import { expect, it } from 'vitest';
import { configText } from '../../../runtime/weights/write/config-text.ts';

it('writes a point where a config class takes float only, and nowhere else', () => {
  const config = { attn_logit_softcapping: 50, n_head: 12, logit_scale: 0.0625, attn_config: { clip_qkv: 8, softmax_scale: null }, factors: [1, 2] }; // prettier-ignore
  const text = configText(config);
  expect(text).toMatch(/"attn_logit_softcapping": 50\.0,\n/);
  expect(text).toMatch(/"clip_qkv": 8\.0,\n/);
  expect(text).toMatch(/"n_head": 12,\n/);
  expect(JSON.parse(text)).toEqual(config);
});

it('leaves texts alone', () => {
  const config = { note: '  "logit_scale": 5', logit_scale: '5', list: ['"clip_qkv": 8', 'clip_qkv'] };
  expect(JSON.parse(configText(config))).toEqual(config);
});
