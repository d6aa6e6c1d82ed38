import { expect, test } from 'vitest';
import { nearest } from '../../src/library/nearest.ts';

const NAMES = ['vgg16', 'vgg16-int8', 'vgg19', 'resnet50', 'default'];

test.each([
  ['vgg16', 'vgg16'],
  ['VGG16', 'vgg16'],
  ['vgg-16', 'vgg16'],
  ['vgg61', 'vgg16'],
  ['vgg9', 'vgg19'],
  ['vgg16int8', 'vgg16-int8'],
  ['resnet-50', 'resnet50'],
  ['defualt', 'default'],
  ['inception', undefined],
  ['', undefined],
])('%s -> %s', (text, name) => {
  expect(nearest(text, NAMES)).toBe(name);
});
