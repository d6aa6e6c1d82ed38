import { describe, expect, test } from 'vitest';
import { CELLS, type CellName } from '../../src/decoder/cells/table.ts';
import { checkDecoderConfig, type DecoderConfig, type Mode } from '../../src/decoder/config.ts';
import { PRESETS } from '../../src/decoder/presets.ts';
import { UserError } from '../../src/errors.ts';

const good: DecoderConfig = { ...PRESETS.lecture, featureSize: 4096, vocabularySize: 1000 };

describe('checkDecoderConfig', () => {
  test('gives back a good one', () => {
    expect(checkDecoderConfig(good, 'model.json')).toBe(good);
  });

  test.each([
    // What a file says is not typed.
    [
      { cell: 'transformer' as CellName },
      `expected cell to be one of ${CELLS.join(', ')} but got transformer`,
    ],
    [
      { mode: 'late' as Mode },
      'expected mode to be one of par, init, pre, merge, first, factored, multimodal but got late',
    ],
    [{ layers: 0 }, 'expected layers to be a positive whole number but got 0'],
    [{ hiddenSize: 1.5 }, 'expected hiddenSize to be a positive whole number but got 1.5'],
    [{ embeddingSize: -1 }, 'expected embeddingSize to be a positive whole number but got -1'],
    [{ featureSize: Number.NaN }, 'expected featureSize to be a positive whole number but got NaN'],
    [{ mode: 'factored' as Mode, layers: 1 }, 'expected factored with 2 layers or more but got 1'],
    [{ layers: 1, highway: true }, 'expected highway with 2 layers or more but got 1'],
    [
      { mode: 'init' as Mode, learnedState: true },
      'expected learnedState with another mode than init but got both',
    ],
    [{ vocabularySize: 0 }, 'expected vocabularySize to be a positive whole number but got 0'],
  ])('names the wrong field of %o', (wrong, message) => {
    const check = () => checkDecoderConfig({ ...good, ...wrong }, 'model.json');
    expect(check).toThrow(UserError);
    expect(check).toThrow(`model.json: ${message}`);
  });

  test('accepts the presets', () => {
    for (const preset of Object.values(PRESETS)) {
      expect(() => checkDecoderConfig({ ...good, ...preset }, 'preset')).not.toThrow();
    }
  });
});
