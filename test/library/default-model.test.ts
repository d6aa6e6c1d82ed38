import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Captioner } from '../../src/captioning/captioner.ts';

const photo = (name: string) => fileURLToPath(new URL(`../../data/${name}`, import.meta.url));

let captioner: Captioner;
beforeAll(async () => {
  captioner = await Captioner.load();
});
afterAll(() => captioner.release());

it('says what is on the example photographs', async () => {
  expect(await captioner.caption(photo('cat.jpg'))).toMatch(/\bcat\b/);
  expect(await captioner.caption(photo('coffee.jpg'))).toMatch(/\b(cup|coffee|bowl|plate|table)\b/);
});

it('says the same of a photograph alone and among others', async () => {
  const together = await captioner.captions([photo('coffee.jpg'), photo('cat.jpg'), photo('coffee.jpg')]);
  expect(together[1][0].text).toBe(await captioner.caption(photo('cat.jpg')));
  expect(together[0]).toEqual(together[2]);
});

it('never says a special word, however it is asked', async () => {
  const found = await captioner.captions([photo('cat.jpg')], {
    sample: true,
    count: 20,
    temperature: 3,
    seed: 1,
  });
  for (const { text } of found[0]) expect(text).toMatch(/^[\p{L}\p{N}' ]+$/u);
});
