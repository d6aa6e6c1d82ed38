import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { homeFolders } from '../../src/files/home.ts';

const USER = resolve('/home/ada');

test.each([
  ['nothing', {}, join(USER, '.cache', 'caption')],
  ['XDG_CACHE_HOME', { XDG_CACHE_HOME: '/var/cache/ada' }, '/var/cache/ada/caption'],
  ['an empty XDG_CACHE_HOME', { XDG_CACHE_HOME: '' }, join(USER, '.cache', 'caption')],
  ['a relative XDG_CACHE_HOME', { XDG_CACHE_HOME: 'cache' }, join(USER, '.cache', 'caption')],
  ['CAPTION_HOME', { CAPTION_HOME: '/data/caption', XDG_CACHE_HOME: '/var/cache/ada' }, '/data/caption'],
  ['an empty CAPTION_HOME', { CAPTION_HOME: '', XDG_CACHE_HOME: '/var/cache' }, '/var/cache/caption'],
  ['a relative CAPTION_HOME', { CAPTION_HOME: 'mine' }, resolve('mine')],
])('with %s set', (_, environment, home) => {
  expect(homeFolders(environment, USER)).toEqual({
    encoders: join(home, 'encoders'),
    models: join(home, 'models'),
  });
});
