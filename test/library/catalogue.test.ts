import { expect, test } from 'vitest';
import { CATALOGUE, catalogueEntry } from '../../src/library/catalogue.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';

test.each(Object.entries(CATALOGUE))('%s is the file that its encoder looks for', (name, entry) => {
  const { networks } = encoderDefinition(name);
  expect(networks.map(({ file }) => file)).toEqual([entry.file]);
  expect(entry.url).toMatch(new RegExp(`^https://.*/${entry.file.replaceAll('.', '\\.')}$`));
  expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(entry.source).toMatch(/licen[cs]e/i);
});

test('names that every object has are no entries', () => {
  expect(catalogueEntry('vgg16')).toBe(CATALOGUE.vgg16);
  expect(catalogueEntry('constructor')).toBeUndefined();
  expect(catalogueEntry('resnet50')).toBeUndefined();
});
