import { afterEach, expect, test, vi } from 'vitest';
import { progress, startProgress } from '../../src/cli/terminal.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('in a log, progress is told half a minute after the command began, then every half a minute', () => {
  const written: unknown[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(text) > 0);
  const clock = vi.spyOn(performance, 'now');
  const at = (seconds: number) => clock.mockReturnValue(1000 * seconds);
  at(500);
  startProgress();
  for (const seconds of [501, 529, 530, 531, 559, 561]) {
    at(seconds);
    progress(`at ${seconds}`);
  }
  expect(written).toEqual(['at 530\n', 'at 561\n']);
});
